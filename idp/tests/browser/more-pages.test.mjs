// Every page, its other half.

import { walk } from './walk.mjs';

walk(1, 2);

// Every page, its first half.

import { walk } from './walk.mjs';

walk(0, 2);

### Every text of the pages, in English. Button and label texts are what people, screen readers
### and tests go by: change one only together with the product's list of fixed names.

## Everywhere

skip-to-content = Skip to content
development-note = Development mode: not for real accounts.
nav-account = Account
nav-info = My info
nav-passkeys = Passkeys
nav-help = Help
log-in = Log in
log-out = Log out
cancel = Cancel
continue = Continue
save = Save
rename = Rename
delete = Delete
allow = Allow
not-now = Not now
create-passkey = Create a passkey
use-your-passkey = Use your passkey
what-is-a-passkey = What is a passkey?
forgot-password = Forgot password?
trouble-logging-in = Trouble logging in?
verify = Verify
use-passkey-instead = Use a passkey instead
use-recovery-code = Use a recovery code
start-over = Start over
back-to-log-in = Back to the log-in page
back-to-app = Back to { $app }
label-code = Verification code
label-recovery-code = Recovery code
label-new-password = New password
label-new-email = New email
nav-two-factor = Two-factor
nav-sessions = Devices
nav-apps = Applications
nav-activity = Activity
label-email = Email
label-password = Password
label-given-name = First name
label-family-name = Last name
label-passkey-name = Passkey name
password-show = Show
password-hide = Hide
password-hint = At least { $minimum } characters. A few words that only you would put together are best.
form-has-errors =
    { $count ->
        [one] One field needs another look. The reason stands above it.
       *[other] { $count } fields need another look. The reasons stand above them.
    }

## The application that asks

app-asks = To continue to
app-policy = Privacy policy
app-terms = Terms of use

## Logging in

sign-in-title = Log in
sign-in-confirm-title = Confirm that it is you
sign-in-confirm-lead = You are logged in already. To go on, please log in once more.
sign-in-needs-passkey = { $app } asks for a passkey here.
sign-in-needs-second-factor = { $app } asks for a passkey here, or for your password and a code.
sign-in-create-first = You have none? Create a passkey first
sign-in-passkey = Log in with a passkey
sign-in-other-device = Use a phone or security key
sign-in-or-email = or use your email
sign-in-password-weaker = A password works too. A passkey is quicker and much safer.
passkey-absent = This browser does not support passkeys. Please use your email, or an up-to-date browser.
passkey-needs-script = Passkeys need JavaScript, which is switched off here.
use-passkey-title = Use your passkey
use-passkey-lead = Your password is right. One touch to go: please confirm with your passkey.
use-passkey-why = Your account is protected by a passkey, so a password that leaks can not open it by itself.
use-another-account = Use another account
use-code-title = Enter your code
use-code-lead = Your password is right. Please enter the six digits that your code app shows for this account.
use-recovery-title = Use a recovery code
use-recovery-lead = Enter one of the codes that you kept when you set this up. Each works once.
recovery-code-hint = Sixteen letters and digits; dashes and capitals do not matter.
choose-title = Choose an account
choose-lead = You are logged in. Go on as you are, or log in as somebody else.
choose-lead-another = You are logged in, but the application expects somebody else here.
choose-here = Continue as { $name }
choose-organization-title = Choose an organization
choose-organization-lead = You belong to several organizations. For which of them would you like to use { $app } now?
no-member-title = You do not belong there
no-member-lead = { $app } asks for an organization that you do not belong to with this account.
no-member-next = If you work there, use the account that it knows you by, or ask its administrators to invite you.
create-title = Create an account
create-account-lead = Enter your email, and we send you a link with which you make your account with { $brand }.
create-sent-title = Please look into your mailbox
create-sent = We have sent you a message to { $email }.
create-sent-more = Follow the link in it within an hour, best on this device. If nothing comes, please look into the junk folder.
create-have-one = I have an account: log in
create-name-title = What is your name?
create-name-lead = This is how applications will address you.
create-first-lead = With it you log in from now on, and with this step your account is there.
invitation-title = Join { $organization }?
invitation-by = { $inviter } invites you.
invitation-as = As: { $roles }
invitation-administrator = You would also look after the people of the organization, as one of its administrators.
invitation-until = Good until
invitation-what = Its administrators will see your account, and help you if you are locked out. The organization can ask for more than a password when you log in.
invitation-join = Join
invitation-refuse = No, thank you
invitation-log-in = Log in to join
invitation-account = There is an account with this address. Log in to it, then you can join.
invitation-disabled = The account with this address is disabled. Please ask the organization’s administrators.
invitation-new = This is how applications will address you. In the next step you create a passkey, and your account is there.
invitation-other = You are logged in as { $here }, but the invitation is for { $email }. It joins nobody else.
invitation-switch = Log out and go on as { $email }
invitation-stay = Stay logged in, to my account
invitation-again = The organization asks for more than you logged in with. Please log in once more, with your passkey or with a code after the password.
invitation-passkey = The organization asks for a passkey. Create one first; this page comes back afterwards.
invitation-second-factor = The organization asks for more than a password. Create a passkey first; this page comes back afterwards. You can also set up a code app and open the link in the mail again.
invitation-code-app = Set up a code app
invitation-member = You belong to { $organization } already. Your roles stay as they are.
invitation-over-title = This invitation can not be accepted
invitation-used = It was accepted already. If it was you, just log in.
invitation-refused = It was declined. If that was a mistake, please ask for a new one.
invitation-withdrawn = It was taken back. Please ask { $organization } if you think that this is a mistake.
invitation-replaced = There is a newer invitation to { $organization } in your mailbox. Please use that one.
invitation-expired = It is too old. Please ask { $organization } for a new one.
invitation-organization-disabled = { $organization } is not active at the moment. Please ask there.
invitation-void = Whoever invited you may not do so any more, or the role does not exist any more. Please ask { $organization } for a new invitation.
invitation-address-changed = The account that was invited has another address by now. Please ask { $organization } for an invitation to that address.
invitation-joined-title = You belong to { $organization } now
invitation-joined = Welcome! Everything is done.
create-password-instead = No passkey on this device? Use a password
create-with-password = Create the account with a password
forgot-title = Forgot your password?
forgot-lead = Enter the email of your account, and we send you a link for a new password.
forgot-send = Send the link
forgot-only-password = The link changes the password and nothing else. If you log in with a passkey or a code, you need it afterwards as before.
forgot-sent-title = Please look into your mailbox
forgot-sent = If there is an account for { $email }, a mail with a link is on its way.
forgot-sent-more = The link works for 15 minutes, once. If nothing comes, please look into the junk folder, or ask your clinic’s administrator.
reset-title = Choose a new password
reset-lead = A few words that only you would put together are best.
reset-afterwards = You will be logged out everywhere. Then log in with the new password, and with your passkey or code if you have one.
access-title = Welcome back, { $name }
access-lead = This link lets you create a new passkey, once. Then you log in with it.
access-step-passkey = You create a passkey on the device in front of you.
access-step-sessions = You are logged out everywhere else, so that nobody stays in who should not be.
access-not-you = If you did not ask for this link, please close the page and tell your clinic’s administrator.
enrol-title = One more step before you go on
enrol-lead = Your organization asks for more than a password. A passkey is the easiest.
enrol-lead-application = { $app } asks for more than a password. A passkey is the easiest.
enrol-code-app = Use a code app instead
use-password-title = Your password, please
use-password-lead = Your passkey was recognised, but it did not check that it is you. Your password completes the log-in.
offer-title-first = Next time, log in with one touch
offer-lead-first = You are logged in. Would you like a passkey, so that you need no password the next time?
offer-title-this-device = A passkey for this device too?
offer-lead-this-device = You are logged in with a passkey from another device. With one kept here you do not need your phone the next time.
offer-title-recovery = Create a new passkey now
offer-lead-recovery = You are logged in with a recovery code, and that code is used up. A new passkey gives you back the easy way in.
offer-shared = This is a shared computer: do not ask here
passkey-reason-quick = Your fingerprint, your face or your device PIN instead of a password.
passkey-reason-safe = It only works on the genuine page, so nobody can trick you into giving it away.
passkey-reason-private = Your fingerprint or face never leaves your device.
signed-out-title = You are logged out
signed-out-lead = On a shared computer, please close the browser window as well.
signed-out-app = You may go back to { $app } or close this page.
signed-out-again = Log in again
passkey-gone-title = The passkey is deleted
passkey-gone-lead = You had logged in with it, so you are logged out now.

## Setting up

setup-title = Welcome. Let us set up your account
setup-lead = You will be the operator of { $brand }: the person who looks after people and applications.

## My info

overview-title = My info
overview-greeting = Good to see you, { $name }.
overview-about-you = About you
overview-language = Language
overview-time-zone = Time zone
overview-name = Name
overview-email = Email
overview-role = Role
overview-since = Account since
overview-last-sign-in-passkey = Last log-in, with a passkey:
overview-last-sign-in-password = Last log-in, with a password:
overview-last-sign-in-password-code = Last log-in, with password and code:
overview-last-sign-in-password-recovery-code = Last log-in, with a recovery code:
overview-last-sign-in-password-passkey = Last log-in, with password and passkey:

profile-edit = Change name or language
profile-title = About you
language-en = English
language-de = Deutsch
language-automatic = As the browser prefers
time-zone-hint = Times in mails are given in it. Pages use the time zone of your device.
email-change = Change email
email-verify = Confirm my email
email-verified = confirmed
email-unverified = not confirmed yet
email-title = Change your email
email-lead = We write to both addresses, the old and the new one. The change happens when both have agreed.
email-current = Your email now: { $email }
email-pending = A change to { $email } waits for both mailboxes. A new one takes its place.
email-link-title = Your email
email-link-confirm = Is { $email } your address?
email-link-old = Shall your account use { $email } from now on?
email-link-new = Shall your account use { $email } from now on?
email-link-yes = Yes, confirm
email-link-not-you = If you did not ask for this, please close the page. Nothing changes then.
email-link-outcome-confirmed = Thank you. { $email } is confirmed.
email-link-outcome-waiting = Thank you. Now the other mailbox has to agree: please follow the link there as well.
email-link-outcome-changed = Done. Your account uses { $email } from now on.
email-link-outcome-taken = { $email } can not be used for this account. Please choose another address.
password-change = Change password
password-title = Change your password
password-lead = You can change it whenever you like. Nobody makes you.
password-lead-none = Your account has no password yet. With a passkey you do not need one.
password-end-others = Log me out on all other devices
password-rules = Any characters, spaces too, as many as you like from fifteen on. We refuse what is guessed first: passwords that many people use, your own name and address, repetitions and rows of keys.

## Sign-in safety

safety-title = Getting in
safety-question = If you lose a device tomorrow, can you still get in?
safety-title-create-passkey = Your password is your only way in
safety-advice-create-passkey = You log in with a password alone, the weakest way. A passkey is quicker and much safer.
safety-title-add-another-way = One loss would lock you out
safety-advice-add-another-way = Create a passkey in one more place, such as your phone or a password manager. Recovery codes on paper help too.
safety-title-add-second-passkey = You would need a recovery code
safety-advice-add-second-passkey = You have { $left } recovery codes. A passkey in one more place spares you the search for them.
safety-title-make-recovery-codes = Well protected
safety-advice-make-recovery-codes = You would still get in. Recovery codes on paper are the last safety net; make a set.
safety-title-replace-recovery-codes = Few recovery codes are left
safety-advice-replace-recovery-codes =
    { $left ->
        [one] You have one recovery code left. Please make a new set.
       *[other] You have { $left } recovery codes left. Please make a new set.
    }
safety-title-nothing = Well protected
safety-advice-nothing = You would still get in if you lost one of your devices.
safety-to-recovery-codes = Recovery codes
safety-lose-passkey = If you lose the device with “{ $name }”
safety-lose-synced = If you lose a device with “{ $name }”
safety-lose-code-app = If you lose the phone with your code app
safety-outlook-safe = You still get in
safety-outlook-recovery-code-only = Only with a recovery code
safety-outlook-locked-out = You are locked out

## Passkeys

passkeys-title = Manage passkeys
passkeys-lead = Each passkey lets you log in from the devices where it is kept.
passkeys-full = You have as many passkeys as an account can hold. Delete one to make room.
passkeys-only-one = This is your only passkey. Create another one on a second device, and you can get in even if you lose this one.
passkeys-none-title = No passkeys yet
passkeys-none-text = With a passkey you log in by fingerprint, face or device PIN. It takes less than a minute to create one.
passkey-this-session = You logged in with this one
passkey-this-device = On this device
passkey-created = Created
passkey-last-used = Last used
passkey-never-used = Not yet
passkey-kept = Kept
passkey-synced = Synced across your devices
passkey-one-device = On one device only
kind-phone = Phone
kind-computer = Computer
kind-password-manager = Password manager
kind-security-key = Security key

create-lead = Your browser will ask where to keep it and then for your fingerprint, face or device PIN.
create-lead-setup = Your account is ready. One last step makes it safe and quick to use: a passkey.
create-lead-policy = Your organization asks for a passkey. It takes less than a minute; then you log in with it.
create-lead-application = The application that you are on the way to asks for a passkey. It takes less than a minute; then you log in with it.
create-lead-access = Create your new passkey on this device. Then you log in with it.
create-lead-lost = The lost passkey is removed. Create a new one on the device in front of you.
create-lead-recovery = A recovery code lets you in, but it changes nothing here. Create a passkey first; you confirm with it, and go on.
create-what-happens = On a computer that others use too, choose your phone or a security key as the place to keep it.

name-title = Rename passkey
name-lead = Choose a name by which you will recognise it.
name-fresh-title = Your passkey is ready
name-fresh-lead = Give it a name by which you will recognise it later.
name-hint = For example “My phone” or “Reception computer”.

delete-title = Delete this passkey?
delete-permanent = It will stop working here at once. This can not be undone.
delete-ends-sessions = Log-ins that began with this passkey end.
delete-ends-this-session = You used it to log in just now, so you will have to log in again.
delete-last-one = It is your only passkey: afterwards your password opens the account, together with a code if you use a code app.
delete-copy-title = The copy on your device
delete-copy-text = Where the browser can, it removes the copy from your device too. If it is still offered afterwards, remove it by hand:
delete-by-hand-phone = on an iPhone in the Passwords app, on Android in the settings under “Passwords, passkeys & accounts”.
delete-by-hand-computer = on Windows in Settings → Accounts → Passkeys, on a Mac in the Passwords app.
delete-by-hand-password-manager = open your password manager, find this site’s entry and delete the passkey in it.
delete-by-hand-security-key = with the maker’s app or in your browser’s settings for security keys.
delete-more-help = More on deleting
delete-yes = Yes, delete

lost-link = I lost a device
lost-title = I lost a device
lost-lead = Choose the passkey that was on it. A finder can do nothing with it any more.
lost-which = Which passkey was it?
lost-removed = The passkey is removed and opens nothing any more.
lost-sessions = Log-ins that began with it end, on that device and everywhere.
lost-new-one = Then you create a new passkey on this device.
lost-yes = Remove it
lost-no-passkeys = Your account has no passkeys. If somebody could be logged in on the lost device, log it out on the page “Devices”.
lost-code-app = Was your code app on it? Turn it off and set it up again on another phone:

## Two-factor and recovery codes

two-factor-title = Two-factor
two-factor-lead = A passkey needs none of this: it is two factors in one. For logging in with your password, a code from an app makes it safe.
code-app-title = Code app
code-app-is-on = Your code app is on
code-app-is-off = No code app
code-app-on-text = After your password we ask for the six digits it shows.
code-app-is-stopped = Your code app has stopped working
code-app-stopped-text = A hundred wrong codes were entered after your password. Change your password, because somebody else may know it; then turn the code app off and on again. Without a passkey, create one first: you confirm with it. If you can not, ask those who run this service.
code-app-off-text = An app on your phone shows a new code every half minute. It is also your way back if you lose a passkey.
code-app-turn-on = Set up a code app
code-app-turn-off = Turn it off
code-app-setup-title = Set up a code app
code-app-step-app = Open a code app on your phone, such as the one in your password manager, Google Authenticator or Microsoft Authenticator.
code-app-step-scan = Scan this code with it.
code-app-qr = QR code for your code app
code-app-by-hand = Can you not scan it?
code-app-secret = Type this secret into the app:
code-app-open = Or open it in an app on this device
code-app-step-code = Enter the six digits that the app shows now.
code-app-off-title = Turn off the code app?
code-app-off-password-alone = Your password alone opens the account afterwards.
code-app-off-passkey-needed = After your password you need a passkey from then on.
code-app-off-again = To use codes again, you set up the app anew.
recovery-codes-title = Recovery codes
recovery-codes-what = Ten codes on paper for the day when everything else is lost. Each works once, after your password.
recovery-codes-left =
    { $count ->
        [0] You have no recovery codes
        [one] You have one recovery code left
       *[other] You have { $count } recovery codes left
    }
recovery-codes-few = Please make a new set and keep it in a safe place.
recovery-codes-enough = Keep them where you would find them without your phone.
recovery-codes-make = Make recovery codes
recovery-codes-replace = Make a new set
recovery-codes-replaces = A new set takes the place of the old one: old codes stop working.
recovery-codes-new-title = Your recovery codes
recovery-codes-new-lead = They are shown only now. Print them, or keep the file in a safe place.
recovery-codes-print = Print
recovery-codes-download = Download as a file
recovery-codes-keep = Not on the phone that you might lose. Whoever has one of these codes and your password gets in.

## Devices, applications, activity

sessions-title = Where you are logged in
sessions-lead = Each browser that is logged in to your account.
sessions-this-device = This device
sessions-unknown-browser = A browser
sessions-unknown = not known
sessions-network = Network address
sessions-begun = Logged in
sessions-seen = Last used
sessions-apps = Applications
sessions-end = Log out there
sessions-end-others = Log out everywhere else
method-passkey = with a passkey
method-password = with a password
method-password-code = with password and code
method-password-recovery-code = with password and recovery code
method-password-passkey = with password and passkey
apps-title = Applications
apps-lead = These applications know who you are, because you logged in to them from here.
apps-none = No application knows you yet.
apps-may = May
apps-since = Last given
apps-open = Open
apps-disconnect = Disconnect
apps-disconnect-note = A disconnected application can ask again the next time you log in to it.
activity-title = Activity
activity-lead = What happened with your account, the newest first.
activity-not-you = Was something of this not you? Change what it concerns, and tell your clinic’s administrator:
activity-none = Nothing yet.
activity-older = Older
activity-by-others = by an administrator
activity-erased = where from was erased
activity-operator-set-up = The service was set up
activity-user-created = Account made
activity-user-imported = Account brought over from another system
activity-user-disabled = Account disabled
activity-user-enabled = Account enabled again
activity-service-role-set = Rights over the service changed
activity-organization-created = Organization made
activity-organization-changed = Organization changed
activity-organization-enabled = Organization disabled or enabled
activity-member-added = Became a member of an organization
activity-member-roles-set = Roles in an organization changed
activity-member-removed = No longer a member of an organization
activity-invitation-made = Invited to an organization
activity-invitation-withdrawn = Invitation taken back
activity-invitation-accepted = Invitation accepted
activity-invitation-refused = Invitation declined
activity-sign-up-requested = Somebody wanted to create an account with your email
activity-signed-in = Logged in
activity-sign-in-failed = A log-in failed
activity-signed-out = Logged out
activity-passkey-added = Passkey created
activity-passkey-renamed = Passkey renamed
activity-passkey-deleted = Passkey deleted
activity-passkey-counter-stood-still = A passkey may have been copied
activity-passkey-eligibility-changed = A passkey describes itself differently than before
activity-passkey-did-not-verify = A passkey did not check who used it
activity-passkeys-reset = All passkeys removed
activity-two-factor-reset = Code app and recovery codes removed
activity-factor-stopped = A way to log in stopped after very many wrong guesses
activity-code-app-turned-on = Code app turned on
activity-code-app-turned-off = Code app turned off
activity-recovery-codes-made = Recovery codes made
activity-recovery-code-used = Recovery code used
activity-password-changed = Password changed
activity-password-reset-requested = A link for a new password was asked for
activity-password-unlocked = Password unlocked
activity-email-change-requested = Change of email asked for
activity-email-changed = Email changed
activity-email-confirmed = Email confirmed
activity-profile-changed = Name, language or time zone changed
activity-policy-set = Rules for logging in changed
activity-sessions-ended = Logged out on other devices
activity-app-disconnected = Application disconnected
activity-access-link-issued = Access link made
activity-access-link-used = Access link used
activity-enrolment-begun = Began to add a way to log in
activity-consent-granted = Access allowed to an application
activity-tokens-issued = Logged in to an application
activity-tokens-revoked = An application ended its access
activity-key-rotated = A signing key was rotated
activity-keys-replaced = All signing keys were replaced
activity-token-exchanged = An API acted for you at another one
activity-sign-in-requested = An application asked for you from another place
activity-sign-in-denied = You denied an application that asked for you
activity-person-vouched-for = A service acted for you because another one vouched for you
activity-code-replayed = An application’s log-in was misused and ended
activity-refresh-token-replayed = An application’s access was misused and ended
activity-client-created = Application registered
activity-client-registered = Application registered itself
activity-client-changed = Application changed
activity-client-removed = Application removed
activity-client-enabled = Application disabled or enabled
activity-client-secret-made = New secret for an application
activity-client-secret-expires = Secret of an application given an end
activity-client-secret-removed = Secret of an application removed
activity-registration-token-made = Token for registrations made
activity-registration-token-removed = Token for registrations taken back
activity-client-declared = Application changed
activity-claims-previewed = What an application is told was looked at
activity-sign-in-tried = Logging in to an application was tried out
trial-title = What { $app } would be told
trial-text = This was a trial. Nothing was sent to the application, and nothing is kept of it.
trial-person = Logged in
trial-scopes = Scopes it would have
trial-refresh = Refresh token
trial-refresh-yes = It would get one.
trial-refresh-no = It would get none.
trial-id-token = ID token
trial-userinfo = Userinfo
trial-error-title = { $app } would be refused
trial-error-text = This was a trial. Nothing was sent to the application. It would have been told:
trial-back = Back to the application
admin-app-trial = Try logging in
admin-app-trial-text = You log in to this application as people do, with every page and rule on the way. At the end you see what it would be told about you. It is sent nothing.
admin-app-trial-organization = Organization, if it names one (its short name)
admin-app-trial-anew = Log in anew
admin-app-trial-start = Start
admin-app-trial-impossible = Nobody logs in to this application in a browser, or it is disabled.
activity-audit-read = The record of activity was read
activity-audit-trimmed = Old records of activity were removed
activity-delivery-retried = A delivery was tried again
activity-delivery-given-up = A delivery was given up
activity-mail-tried = A mail was sent to try it out
activity-backup-made = A backup of the database was made
activity-database-restored = The database was restored from a backup
activity-store-moved = Everything was moved to another database

## Allowing an application

consent-title = Allow access?
consent-lead = { $app } would like to:
consent-as = You are logged in as { $email }.
consent-for = You act for { $organization }.
scope-openid = Know that it is you
scope-profile = See your name
scope-email = See your email address
scope-phone = See your telephone number
scope-address = See your postal address
scope-offline_access = Stay connected while you are away
scope-organizations = See your organization and your roles in it
scope-resource = Act for you at
details-title = In detail:
details-actions = May
details-datatypes = Kinds of data
details-privileges = With the rights of
details-identifier = Concerns
details-locations = Where
details-yes = yes
details-no = no
device-title = Connect a device
device-lead = Type the code that the device shows.
label-device-code = Code of the device
failure-device-unknown = This code is not right, or has expired. Compare it with the device; a new one is shown there after ten minutes.
failure-device-no-member = This device asks for an organization that you do not belong to with this account. If you work there, log in with the account that it knows you by.
failure-device-choose = Please say for which organization you use the device.
failure-device-too-weak = More than a password is asked for here. Add a passkey in your account first, then type the code again.
failure-device-wait = Too many codes were tried. Please wait ten minutes.
device-consent-title = Allow this device?
device-consent-lead = { $app } would like to:
device-organization = For which organization?
device-consent-compare = Only allow it if you have the device in front of you and it shows this code:
device-consent-when = Asked for
device-deny = Deny
device-allowed-title = The device is connected
device-allowed-text = You can go back to it and close this page.
device-denied-title = The device was denied
device-denied-text = It gets nothing. If you did not ask for this, there is nothing else to do.
device-manage = See connected applications
requests-title = Somebody asks for you
requests-lead = These applications ask you to log in to them. Look at each before you answer.
requests-none = No application asks for you just now. A request waits for a few minutes only.
requests-look = Look at it
requests-again = Look again
request-title = Log in there?
request-lead = { $app } asks for you from another place, and would like to:
request-compare = Only allow it if you expect this, and you are shown the same words there:
request-expected = Only allow it if you expect this: somebody you know has just told you that they would ask.
request-when = Asked
request-deny = Deny
request-needs-second-factor = The application asks for more than a password. Please log in once more with a code or a passkey.
request-needs-passkey = The application asks for a passkey. Please log in once more with one.
request-confirm = Log in once more
request-allowed-title = You are logged in there
request-allowed-text = The application is being told. You can close this page; log out here if this is not your own device.
request-denied-title = The request was denied
request-denied-text = The application gets nothing. If you did not expect this, there is nothing else to do.
failure-request-no-member = The application asks for an organization that you do not belong to with this account. If you work there, log in with the account that it knows you by.
failure-request-choose = Please say for which organization you log in.
failure-request-too-weak = More than a password is asked for here. Add a passkey in your account first, then open the request again.
request-organization = For which organization do you log in?
failure-request-gone = This request does not wait any more: it was answered, or it has expired.
overview-requests =
    { $count ->
        [one] An application asks for you.
       *[other] { $count } applications ask for you.
    }
overview-requests-look = Look at it

## Logging out and passing on

farewell-title = Logging out
farewell-lead = Your applications are being told.
logout-title = Log out of { $brand }?
logout-lead = You will have to log in again to use your applications.
logout-lead-app = { $app } asks to end your log-in here.
form-post-title = One moment, please
form-post-lead = We are taking you back to the application. If nothing happens, please press “Continue”.
continue-lead = You will be taken on at once. If nothing happens, please press “Continue”.

## Notices

notice-signed-out = You are logged out.
notice-session-ended = Your log-in has ended. Please log in again.
notice-other-person = The application asked for somebody else than who has just logged in. Log in as that person, or cancel.
notice-too-weak = You are logged in, but the application asks for more than that. Please log in once more.
notice-created = Your passkey is saved. You can log in with it from now on.
notice-deleted = The passkey is deleted.
notice-renamed = The new name is saved.

notice-passkey-ready = Your way in is ready. Please log in with it.
notice-password-saved = Your new password is saved.
notice-profile-saved = Your changes are saved.
notice-confirmation-sent = A mail with a link is on its way to you.
notice-email-change-sent = Mails are on their way to both addresses. Please follow the link in each of them.
notice-code-app-on = Your code app is on.
notice-code-app-off = Your code app is off.
notice-logged-out-there = You are logged out there.
notice-others-logged-out = You are logged out everywhere else.
notice-disconnected = The application is disconnected.

## What went wrong, and the one next step

failure-wait =
    { $seconds ->
        [one] That was wrong a few times in a row. Please wait a moment and try again.
       *[other] That was wrong a few times in a row. Please wait { $seconds } seconds and try again, or use a passkey.
    }
failure-code-wrong = This code is not right, or was used already. Please enter the one your app shows now.
failure-recovery-code-wrong = This recovery code is not right, or was used already. Please try another one.
failure-password-guessable = This password is guessed first: many people use it or one like it, or it follows a pattern such as a repetition, a row of keys or a date. Please choose other words.
failure-email-same = This is your email already.
failure-email-too-often = Several mails were sent within the last hour already. Please look into the mailbox, or try again in an hour.
failure-lost-none-chosen = Please choose the passkey that was on the lost device.

failure-wrong-credentials = The email or the password is not right. Please check both and try again.
failure-too-busy = Very many people are logging in right now. Please wait a moment and try again.
failure-password-missing = Please enter your password.
failure-email-invalid = Please enter an email address such as name@example.com.
failure-email-domain = Accounts can be made here with addresses of certain organizations only. Please use your address at work, or ask your clinic’s administrator.
failure-link-expired = This link does not work any more, or the account is made already. Please log in, or ask for a new link.
failure-email-taken = There is an account with this email already. Please use another address.
failure-password-short = This password is too short. Please add a word or two.
failure-password-long = This password is too long. Please use a shorter one.
failure-password-context = This password contains your name, your email or the name of this service. Please choose other words.
failure-name-empty = Please enter a name.
failure-name-long = This name is too long. Please shorten it.
failure-passkey-unknown = This passkey is no longer registered here. Please use another passkey, or your email and password.
failure-passkey-not-verified = Your device did not check that it is you. Please try again with fingerprint, face or PIN.
failure-passkey-expired = That took a little too long. Please try again.
failure-passkey-rejected = This passkey could not be confirmed. Please try again, or use another way to log in.
failure-passkey-name-empty = Please give the passkey a name.
failure-passkey-name-long = This name is too long. Please shorten it.
failure-passkey-limit = You have as many passkeys as an account can hold. Please delete one first.
failure-passkey-exists = This passkey is registered already. Please use it to log in.
failure-attempt-expired = This log-in was left waiting too long. Please go back to the application and start again.
failure-unavailable = This can not be done at the moment. Please try again in a minute.
failure-passkey-cancelled = It was cancelled or took too long. Please try again when you are ready.
failure-passkey-wrong-site = Passkeys do not work at this web address. Please open the page from your application again.
failure-passkey-unsupported = This browser or device could not use the passkey. Please update the browser, or use another device.
failure-passkey-already-here = You already have a passkey on this device or in this password manager. Please use it to log in.
failure-network = The connection was interrupted. Please check it and try again.
failure-passkey-none-here = No passkey was used on this device. Please use a phone or security key, or your email and password.

## Error pages

error-to-account = To my account
error-to-sign-in = To the log-in page
error-for-developers = For developers
error-reference = Reference:

error-not-found-title = This page does not exist
error-not-found-text = The address may be mistyped, or the page has moved.
error-not-found-next = Please check the address, or start from the link below.
error-method-title = This page can not be opened like that
error-method-text = The address exists, but it was called in a way it does not answer.
error-method-next = Please go back and use the buttons of the page.
error-bad-request-title = This request is not complete
error-bad-request-text = Something in the link or the form is missing or malformed.
error-bad-request-next = Please go back and try again. If it happens again, tell the people who run the application.
error-too-large-title = That was too much at once
error-too-large-text = What was sent is larger than this page accepts.
error-too-large-next = Please go back and shorten what you entered.
error-unknown-client-title = This application is not known here
error-unknown-client-text = An application sent you here to log in, but it is not registered with this service. For your safety the log-in stops here.
error-unknown-client-next = Please tell the people who run the application.
error-redirect-mismatch-title = The way back is not registered
error-redirect-mismatch-text = The application asked to send you to an address that is not registered for it. For your safety the log-in stops here.
error-redirect-mismatch-next = Please tell the people who run the application.
error-return-mismatch-title = This log-out does not work
error-return-mismatch-text = The application asked to send you to an address that is not registered for it. You are still logged in; log out on your account page.
error-return-mismatch-next = Please tell the people who run the application.
error-attempt-expired-title = This log-in has expired
error-attempt-expired-text = It was left waiting too long, or it is finished already.
error-attempt-expired-next = Please go back to the application and log in from there.
error-other-browser-title = This log-in began in another browser
error-other-browser-text = For your safety it can only be completed where it was started.
error-other-browser-next = Please go back to that browser, or start again from the application.
error-csrf-title = This form could not be accepted
error-csrf-text = We could not be sure that it was sent from our own page. Cookies may be blocked, or the page was open for very long.
error-csrf-next = Please go back, reload the page and send it again.
error-setup-done-title = Set-up is complete
error-setup-done-text = This service has its operator already, so the link is no longer needed.
error-setup-done-next = Please log in with your account.
error-setup-token-title = This set-up link is not valid
error-setup-token-text = It may be incomplete, or the service was restarted and printed a new one.
error-setup-token-next = Please copy the whole link from the latest start of the service.
error-busy-title = Very many requests at the moment
error-busy-text = The service takes one after the other so that everybody gets in.
error-busy-next = Please wait a moment and try again.
error-unavailable-title = Back in a moment
error-unavailable-text = The service can not reach something it needs. Your data is safe.
error-unavailable-next = Please try again in a minute.
error-internal-title = That is our fault
error-internal-text = The service met a situation it was not prepared for. It has been recorded.
error-internal-next = Please try again. If it happens again, give your administrator the reference below.
error-logout-hint-title = This log-out link is not valid
error-logout-hint-text = The application sent a log-out request that does not fit your log-in.
error-logout-hint-next = You can log out from your account page instead.
error-last-way-in-title = Your only way in
error-last-way-in-text = Without it you could not log in any more.
error-last-way-in-next = Create another passkey first, or make sure that your password works, then try again.
error-link-expired-title = This link does not work any more
error-link-expired-text = It was used already, is too old, or something changed since it was made.
error-link-expired-next = Please ask for a new one.
error-passkey-limit-title = No room for another passkey
error-passkey-limit-text = You have as many passkeys as an account can hold.
error-passkey-limit-next = Please delete one that you no longer use, then create the new one.
error-stale-page-title = This page is out of date
error-stale-page-text = Something changed since it was opened, perhaps in another tab.
error-stale-page-next = Please go back, reload the page and try again.
error-forbidden-title = This is not open to you
error-forbidden-text = Your account does not have the right to do this.
error-forbidden-next = If you need it, please ask your clinic’s administrator.

## Help

help-title = Passkeys explained
help-lead = What a passkey is, where it is kept, and what to do when something does not work.
help-contents = On this page
platform-apple = Apple
platform-google = Google
platform-windows = Windows
platform-managers = 1Password and other password managers
platform-keys = Security keys

help-what = What a passkey is
help-what-1 = A passkey replaces your password. You confirm with what already unlocks your device: fingerprint, face or device PIN. There is nothing to invent, to remember or to type.
help-what-2 = Behind it is a pair of keys. The secret one stays with your device or password manager; this service only ever gets the other one, with which nobody can log in.

help-where = Where passkeys are kept
help-where-lead = Your browser asks where to keep a passkey when you create it. You find it there again:
help-where-apple = In iCloud Keychain, on all your Apple devices. To see it: the Passwords app on iPhone, iPad and Mac.
help-where-google = In Google Password Manager, in Chrome and on Android wherever you use the same Google account. To see it: passwords.google.com, or on Android the settings under “Passwords, passkeys & accounts”.
help-where-windows = In Windows Hello, on this one computer, or synced by Microsoft Password Manager. To see it: Settings → Accounts → Passkeys.
help-where-managers = In the password manager’s own vault, on every device where you use it. To see it: the entry for this site.
help-where-keys = On the key itself and nowhere else. To see it: the maker’s app, or your browser’s settings for security keys.

help-creating = Creating a passkey
help-creating-1 = Open “Passkeys” in your account and choose “Create a passkey”.
help-creating-2 = Your browser asks where to keep it, and for fingerprint, face or device PIN.
help-creating-3 = Give it a name by which you will recognise it. That is all.
help-to-passkeys = Open my passkeys

help-using = Using a passkey
help-using-1 = Choose “Log in with a passkey”.
help-using-2 = Confirm with fingerprint, face or device PIN. You are in: no email, no password, no code.
help-using-autofill = Many browsers also offer your passkey in a small menu as soon as you touch the email field.

help-qr = What the QR code is for
help-qr-1 = With it you use a passkey from your phone on another computer. Choose “Use a phone or security key”, point your phone’s camera at the code and confirm on the phone. Both need Bluetooth switched on, so that only a phone close by can answer.
help-qr-2 = Only scan a code that you called up yourself, on a screen in front of you. Nobody from your clinic or from this service will ever send you one.

help-several = Several devices
help-several-1 = A synced passkey works on all devices of the same password manager. For every other device create a passkey of its own. Two passkeys in two places are best: then a lost device never locks you out.

help-deleting = Deleting a passkey
help-deleting-lead = Delete it under “Passkeys” in your account first: from then on it opens nothing. Where the browser can, it removes the copy from your device too. Where it can not, remove it by hand:
help-deleting-apple = Open the Passwords app, choose this site, and delete the passkey.
help-deleting-google = Open passwords.google.com or the Android settings under “Passwords, passkeys & accounts”, choose this site, and delete the passkey.
help-deleting-windows = Open Settings → Accounts → Passkeys, choose “…” beside this site, and delete the passkey.
help-deleting-managers = Open the entry for this site, edit it, and delete the passkey in it.
help-deleting-keys = Use the maker’s app or your browser’s settings for security keys. You may also leave it: it no longer opens anything.

help-sharing = Sharing a passkey
help-sharing-1 = Please do not. A passkey stands for one person, and what is done with it is recorded under that person’s name. Colleagues get an account of their own.

help-lost = If you lose a device
help-lost-1 = Log in another way: with another passkey, with your password and a code from your app, or with your password and a recovery code. Open “Passkeys” in your account, choose “I lost a device”, and pick the passkey. It is removed, and the log-ins that began with it end at once.
help-lost-2 = If there is no other way in, please ask your clinic’s administrator. They can remove the lost passkey or give you a link with which you create a new one. If you are the only administrator, turn to the people who run this service.

help-forgot-password = If you forget your password
help-forgot-password-1 = If you have a passkey, you do not need the password: choose “Log in with a passkey”.
help-forgot-password-2 = Otherwise choose “Forgot password?” on the log-in page. A mail brings you a link for a new password. The link changes nothing else: a code or passkey is needed afterwards as before.

help-trouble = Trouble logging in
help-trouble-cancelled = The window of the browser closed by itself
help-trouble-cancelled-answer = It waits only for a few minutes. Nothing is lost: press the button again.
help-trouble-none = No passkey is offered
help-trouble-none-answer = It is kept on another device. Choose “Use a phone or security key”, or log in with your email and password.
help-trouble-gone = “This passkey is no longer registered here”
help-trouble-gone-answer = It was deleted in your account, but the copy is still on your device. Use another one and remove this copy as described under “Deleting a passkey”.
help-trouble-old-browser = The browser does not support passkeys
help-trouble-old-browser-answer = Update it, or use the current Safari, Chrome, Edge or Firefox.
help-trouble-locked-out = Nothing of this helps
help-trouble-locked-out-answer = Use one of your recovery codes after your password, or ask your clinic’s administrator. They know you, and can let you in again.

help-questions = Usual questions
help-question-fingerprint = Does anybody get my fingerprint or my face?
help-question-fingerprint-answer = No. Your device checks them by itself and only tells us that you were recognised.
help-question-phishing = Why is it safer than a good password?
help-question-phishing-answer = There is nothing to guess and nothing to give away. A passkey answers to the genuine address only; on a forged page it simply does not work.
help-question-shared-computer = What about the computer at reception that we all use?
help-question-shared-computer-answer = Use the passkey on your phone or a security key there, and log out when you leave. Do not keep your passkey on a computer that others can unlock.
help-question-password-still = Do I still need my password?
help-question-password-still-answer = Not to log in with a passkey. Keep it all the same: it helps if all your passkeys are lost.
help-question-no-passkey-device = My device can not do passkeys. And now?
help-question-no-passkey-device-answer = Use your phone by QR code, a security key, or your email and password.
help-question-private = Can my clinic see my other passkeys?
help-question-private-answer = No. This service knows only the passkeys that you created here, and can not see what else is in your password manager.

## Mails

mail-greeting = Good day, { $name }
mail-greeting-stranger = Good day
mail-when = When:
mail-where = Where:
mail-link-note-minutes =
    { $minutes ->
        [60] The link works once, for an hour.
       *[other] The link works once, for { $minutes } minutes.
    }
mail-link-note-days =
    { $days ->
        [1] The link works once, for a day.
       *[other] The link works once, for { $days } days.
    }
mail-not-asked = If you did not ask for this, you have nothing to do: without the link nothing changes.
mail-not-you = Was this not you? Log in, look at your passkeys and devices, change your password, and tell your clinic’s administrator:
mail-footer = This mail comes from { $brand }, because it concerns how you log in. Please do not answer it.
mail-confirm-email-subject = Please confirm your email
mail-confirm-email-text = Please confirm that this is your address, so that we can reach you when it matters.
mail-confirm-email-button = Confirm my email
mail-sign-up-subject = Your new account
mail-sign-up-text = Somebody, probably you, wants to make an account with { $brand } with this address. Go on here: you say your name and create a passkey.
mail-sign-up-button = Create my account
mail-sign-up-again-subject = You have an account already
mail-sign-up-again-text = Somebody, probably you, wanted to make an account with { $brand } with this address. There is one already, so you can log in. If you do not know how any more, the log-in page helps.
mail-sign-up-again-button = Log in
mail-account-made-subject = Welcome to { $brand }
mail-account-made-text = Your account with { $brand } is there, and this is the address it is known by.
mail-invited-by-subject = { $inviter } invites you to { $organization }
mail-invited-by-text = { $inviter } would like you to join { $organization } at { $brand }. Go on here: you say yes, with the account that you have or with a new one.
mail-invited-by-button = Look at the invitation
mail-invited-subject = You are invited to { $organization }
mail-invited-text = You are asked to join { $organization } at { $brand }. Go on here: you say yes, with the account that you have or with a new one.
mail-invited-button = Look at the invitation
mail-joined-subject = You belong to { $organization } now
mail-joined-text = With your account at { $brand } you belong to { $organization } from now on. Its administrators see your account, and help you if you are locked out.
mail-reset-password-subject = Your new password
mail-reset-password-text = Somebody, probably you, asked for a new password for your account with { $brand }. It changes the password and nothing else: a passkey or code is needed afterwards as before.
mail-reset-password-button = Choose a new password
mail-password-changed-subject = Your password was changed
mail-password-changed-text = The password of your account with { $brand } was changed.
mail-passkey-added-subject = A passkey was added
mail-passkey-added-text = The passkey “{ $passkey }” was added to your account with { $brand }. Whoever has it can log in with it.
mail-passkey-upgraded-subject = Your browser made you a passkey
mail-passkey-upgraded-text = When you logged in with your password, your password manager made the passkey “{ $passkey }” for { $brand }. From now on you can log in with it. You can look at it, rename or delete it in your account.
mail-passkey-removed-subject = A passkey was removed
mail-passkey-removed-text = The passkey “{ $passkey }” was removed from your account with { $brand }. It opens nothing any more.
mail-passkey-renamed-subject = A passkey was renamed
mail-passkey-renamed-text = The passkey “{ $before }” of your account with { $brand } is called “{ $passkey }” now.
mail-passkeys-reset-subject = Your passkeys were removed
mail-passkeys-reset-text = An administrator removed all passkeys of your account with { $brand } and logged you out everywhere. Log in with your password and create a new passkey.
mail-code-app-on-subject = Your code app was turned on
mail-code-app-on-text = After your password, { $brand } asks for a code from your app from now on.
mail-code-app-off-subject = Your code app was turned off
mail-code-app-off-text = { $brand } does not ask for codes from your app any more.
mail-recovery-codes-made-subject = You have new recovery codes
mail-recovery-codes-made-text = A new set of recovery codes was made for your account with { $brand }. Codes of an older set do not work any more.
mail-two-factor-reset-subject = Your code app and recovery codes were removed
mail-two-factor-reset-text = An administrator removed your code app and your recovery codes, as far as you had any, from your account with { $brand } and logged you out everywhere.
mail-password-unlocked-subject = Your password works again
mail-password-unlocked-text = After very many wrong attempts your password for { $brand } had stopped working. An administrator made it work again.
mail-factor-stopped-subject =
    { $factor ->
        [password] Your password has stopped working
        [code-app] Your code app has stopped working
       *[other] Your recovery codes have stopped working
    }
mail-factor-stopped-text =
    { $factor ->
        [password] Somebody entered a wrong password for your account with { $brand } a hundred times in a row, so it opens the account no more. Passkeys work as before. For a new password, choose “Forgot password?” on the log-in page.
        [code-app] Somebody who has your password for { $brand } entered a wrong code a hundred times in a row, so the codes of your app open the account no more. Log in with a passkey, or with a recovery code and create a passkey first. Then change your password, and turn the code app off and on again. If you have neither, ask those who run the service.
       *[other] Somebody who has your password for { $brand } entered a wrong recovery code a hundred times in a row, so your recovery codes open the account no more. Log in with a passkey or your code app, change your password, then make new recovery codes. If you have neither, ask those who run the service.
    }
mail-recovery-code-used-subject = A recovery code was used
mail-recovery-code-used-text =
    { $left ->
        [0] Somebody logged in to your account with { $brand } with your last recovery code. Please make a new set.
        [one] Somebody logged in to your account with { $brand } with a recovery code. One is left.
       *[other] Somebody logged in to your account with { $brand } with a recovery code. { $left } are left.
    }
mail-sign-in-request-subject = { $app } asks for you
mail-sign-in-request-text = { $app } asks you to log in to it from another place. If you expect this, open the page below, log in there as ever, and compare what it shows before you allow it. Nothing is allowed by opening it, and a request waits for a few minutes only.
mail-sign-in-request-button = Look at the request
mail-new-device-subject = A log-in with a new device
mail-new-device-text = Somebody logged in to your account with { $brand } in a browser that we have not seen with you before.
mail-change-email-old-subject = Please confirm your new email
mail-change-email-old-text = Your account with { $brand } is to use { $address } from now on. Please agree here; the new mailbox gets a mail as well.
mail-change-email-old-button = Agree to the change
mail-change-email-new-subject = Please confirm your new email
mail-change-email-new-text = An account with { $brand } is to use { $address } from now on. Please agree here; the old mailbox gets a mail as well.
mail-change-email-new-button = Agree to the change
mail-email-changed-subject = Your email was changed
mail-email-changed-text = Your account with { $brand } uses { $address } from now on.
mail-access-link-subject = An access link was made for you
mail-access-link-text = An administrator of { $brand } made a link with which you can create a new passkey. It works once, for { $minutes } minutes, and you get it from the administrator.
mail-access-link-sent-subject = Your way back in
mail-access-link-sent-text = An administrator of { $brand } sends you this link, with which you create a passkey. Opening it logs you out everywhere else. Did you not expect it? Then do not use it, and ask them.
mail-access-link-sent-button = Create a passkey
mail-access-link-of-subject = An access link was made for { $address }
mail-access-link-of-text = An administrator of { $brand } made a link with which { $address } can create a new passkey. It works once, for { $minutes } minutes.
mail-access-link-used-subject = Your access link was used
mail-access-link-used-text = The access link for your account with { $brand } was used. You were logged out everywhere else.
mail-account-disabled-subject = Your account was disabled
mail-account-disabled-text = An administrator disabled your account with { $brand } and logged you out everywhere.
mail-account-enabled-subject = Your account works again
mail-account-enabled-text = An administrator enabled your account with { $brand } again. You log in as before.
mail-service-role-subject = Your rights were changed
mail-service-role-text = An administrator gave your account with { $brand } the rights of: { $role }.
mail-service-role-ended-subject = Your rights were changed
mail-service-role-ended-text = Your account with { $brand } has no rights over the service any more. Your account itself stays as it is.

## Administration

nav-admin = Administration
nav-people = People
nav-organizations = Organizations
nav-own-account = My account
admin-you-are-operator = You run this service: you may see and change everything.
admin-you-are-support = You help people back in, and see everybody.
admin-you-are-auditor = You see everybody and change nothing.
admin-you-are-administrator = You look after the people of:
admin-find-people = Find people
admin-search = Name or email begins with
admin-search-button = Search
admin-state = State
admin-state-all = Everybody
admin-enabled = Enabled
admin-disabled = Disabled
admin-nobody = Nobody was found.
admin-first = To the beginning
admin-more = More people
admin-about = About this person
admin-policy = Rule for logging in
admin-policy-free = As they like
admin-policy-require_second_factor = A second factor
admin-policy-require_passkey = A passkey
admin-policy-passkey_only = A passkey and nothing else
admin-policy-from-service = holds for everybody
admin-policy-from-organization = from another organization
admin-policy-from-application = at this application
admin-policy-from-person = for this person
admin-password-none = None
admin-password-works = Works
admin-password-locked = Stopped after too many wrong attempts
admin-code-app = Code app
admin-recovery-codes = Recovery codes left
admin-organization = Organization
admin-role-none = None
admin-role-operator = Operator
admin-role-support = Support
admin-role-auditor = Auditor
admin-yes = Yes
admin-no = No
admin-none = None
admin-deeds = What you can do
admin-minutes = Minutes that the link works, 5 to 1440
admin-yes-do = Yes, do it
admin-do-remove-passkey = Remove this passkey
admin-do-reset-passkeys = Remove all passkeys
admin-do-reset-two-factor = Remove code app and recovery codes
admin-do-unlock = Unlock the password
admin-do-log-out = Log out everywhere
admin-do-link = Send an access link
admin-do-disable = Disable the account
admin-do-enable = Enable the account
admin-do-role = Change the role
admin-do-policy = Change the rule for logging in
admin-what-remove-passkey = The passkey opens nothing any more, and the log-ins that began with it end at once. The person gets a mail.
admin-what-reset-passkeys = All passkeys of this person are removed and they are logged out everywhere. Their password works again. The person gets a mail.
admin-what-reset-two-factor = Code app and recovery codes are removed, and the person is logged out everywhere. They get a mail.
admin-what-unlock = The password works again after too many wrong attempts.
admin-what-log-out = All log-ins of this person end, and applications lose their access.
admin-what-link = The person gets a mail with a link, with which they create a new passkey. Nobody else sees the link.
admin-what-disable = The person is logged out everywhere and can not log in until the account is enabled again. They get a mail.
admin-what-enable = The person can log in again as before. They get a mail.
admin-what-role = A role is a right over the whole service. The person gets a mail.
admin-what-policy = Holds in addition to what the service and the organizations ask for; the strictest rule counts.
admin-done-remove-passkey = The passkey is removed.
admin-done-reset-passkeys = All passkeys are removed.
admin-done-reset-two-factor = Code app and recovery codes are removed.
admin-done-unlock = The password is unlocked.
admin-done-log-out = The person is logged out everywhere.
admin-done-link = The link is on its way by mail.
admin-done-disable = The account is disabled.
admin-done-enable = The account is enabled.
admin-done-role = The role is changed.
admin-done-policy = The rule is changed.
admin-refused-choice = Please choose one of the values that are possible here.
admin-refused-not-found = There is no such person or organization.
admin-refused-forbidden = This is beyond your rights.
admin-refused-yourself = You change your own account on your account pages.
admin-refused-last-operator = This is the last operator. Without one, nobody could look after the service.
admin-refused-last-administrator = This is the last administrator of an organization. Please name another one first.
admin-refused-disabled = The account is disabled. Enable it first.
admin-refused-address-taken = This address belongs to an account already.
admin-refused-slug-taken = This short name is taken.
admin-refused-member-already = This person belongs to the organization already.
admin-refused-unknown-role = The organization has no such role.
admin-refused-role-in-use = Members still have this role.
admin-refused-organization-disabled = The organization is disabled. Enable it first.
admin-refused-lifetime = An invitation is good for 1 to 30 days.
admin-refused-unknown-application = There is no such application that log-ins can begin at.
admin-refused-too-many-invitations = Too many invitations were sent within a day, or wait for an answer. Please try again tomorrow.
admin-refused-unchanged = There is nothing to change: it is so already.

## Administration: applications

nav-applications = Applications
admin-app-search = Name or client_id contains
admin-app-new = Register an application
admin-app-nothing = No application was found.
admin-app-more = More applications
admin-app-kind = Kind
admin-app-kind-web = Web application with a server
admin-app-kind-spa = Web application in the browser alone
admin-app-kind-native = App on a phone or computer
admin-app-kind-machine = Program without people
admin-app-kind-device = Device without a browser
admin-app-about-web = Runs on a server, which can keep a secret. Most practice-management applications are of this kind.
admin-app-about-spa = Runs in the browser and has no server of its own. It can not keep a secret; PKCE protects it.
admin-app-about-native = Is installed by people and can not keep a secret. People are asked for consent each time.
admin-app-about-machine = Acts for itself, such as an import at night. Nobody logs in.
admin-app-about-device = Has no browser, such as a screen in a waiting room. People log in with a code on their phone.
admin-app-source-config = from the configuration file
admin-app-source-admin = registered here
admin-app-source-registered = registered itself
admin-app-which-kind = Which kind of application is it? The safe settings follow from that.
admin-app-choose = Choose
admin-app-settings = Change the settings
admin-app-look-again = Some of it can not be taken like this. Nothing is lost: please look at the marked fields.
admin-app-name = Name
admin-app-hint-name = People read it when they log in.
admin-app-redirect_uris = Addresses that people come back to (redirect_uris)
admin-app-hint-redirect_uris = One a line, exactly as the application uses them, with https (http only on localhost).
admin-app-post_logout_redirect_uris = Addresses after logging out (post_logout_redirect_uris)
admin-app-hint-post_logout_redirect_uris = One a line. May stay empty.
admin-app-backchannel_logout_uri = Where it is told of log-outs (backchannel_logout_uri)
admin-app-hint-backchannel_logout_uri = An address of its server. May stay empty.
admin-app-initiate_login_uri = Where logging in begins (initiate_login_uri)
admin-app-hint-initiate_login_uri = With it, people start the application from their account pages. May stay empty.
admin-app-return_uris = Pages that account pages lead back to
admin-app-hint-return_uris = One a line. May stay empty.
admin-app-scopes = Scopes it may ask for
admin-app-hint-scopes = With spaces or lines between them.
admin-app-resources = APIs it may ask tokens for
admin-app-hint-resources = One address a line. May stay empty.
admin-app-id_token_alg = Signature of ID tokens
admin-app-hint-id_token_alg = ES256 is fast and known by every current library. Choose RS256 for an old one that knows nothing else.
admin-app-register = Register
admin-app-save = Save
admin-app-secret-made = The secret
admin-app-shown-once = It is shown this once and never again. Put it where the application reads its secrets, and nowhere else.
admin-app-kept = I have put it away
admin-app-about = About this application
admin-app-locked = It is declared in the configuration file and changed there.
admin-app-own = It registered itself and changes its settings itself.
admin-app-used-by = Used by
admin-app-people = { $count ->
    [0] nobody
    [one] one person
   *[other] { $count } people
}
admin-app-since = Registered
admin-app-auth-method = Proves itself by
admin-app-secrets = Secrets
admin-app-secret-created = Made
admin-app-secret-used = last used
admin-app-secret-unused = never used
admin-app-secret-until = good until
admin-app-secret-ended = ended
admin-app-connect = Connect it
admin-app-connect-web = Give these values to the application, and begin a log-in like this:
admin-app-connect-spa = Give these values to the application, and begin a log-in like this:
admin-app-connect-native = Give these values to the application, and begin a log-in like this:
admin-app-connect-machine = Give these values to the program, and get a token like this:
admin-app-connect-device = Give these values to the device. It begins a log-in like this:
admin-app-days = Days that it stays good, 1 to 90
admin-app-do-secret = Make a new secret
admin-app-do-disable = Disable the application
admin-app-do-enable = Enable the application
admin-app-do-remove = Remove the application
admin-app-do-expire = Let it expire
admin-app-do-remove-secret = Remove this secret
admin-app-what-secret = The new secret is good beside the old one, so that the application changes over without a break. Afterwards let the old one expire, or remove it.
admin-app-what-disable = Nobody logs in to it until it is enabled again, and its tokens are worth nothing.
admin-app-what-enable = People log in to it again as before.
admin-app-what-remove = It is gone for ever, with everything that people allowed it. Whoever only wants a break disables it.
admin-app-what-expire = It is good for some more days, while the application changes over to the new one.
admin-app-what-remove-secret = It opens nothing any more, from now on. Has the application changed over to the other one?
admin-app-done-registered = The application is registered.
admin-app-done-changed = The settings are saved.
admin-app-done-enable = The application is enabled.
admin-app-done-disable = The application is disabled.
admin-app-done-expire = The secret expires.
admin-app-done-remove-secret = The secret is removed.
admin-app-preview = What it is told about a person
admin-app-preview-text = Here you see which claims userinfo has for this application, and why others are missing. Nothing is issued. The ID token has sub and what the application asks for with the parameter claims.
admin-app-preview-scopes = Scopes that it asks for
admin-app-preview-show = Show
admin-app-preview-unreadable = These scopes can not be read. Please put spaces between them.
admin-app-preview-told = It is told
admin-app-preview-missing = It is not told
admin-app-preview-left-out = It is not registered for:
admin-app-preview-pairwise = A name of its own for this application (pairwise)
admin-app-preview-not-asked = It does not ask for the scope { $scope }.
admin-app-preview-not-registered = It is not registered for the scope { $scope }. Add it to its settings.
admin-app-preview-not-known = Nothing is known of this person.
admin-app-preview-no-organization = This person belongs to no organization, as far as you may see.
admin-app-preview-chosen = This person belongs to several organizations and chooses one when they log in.
admin-app-back = Back to the application
admin-refused-declared = It is declared in the configuration file and changed there.
admin-refused-registered = It registered itself and changes its settings itself.
admin-refused-settings = These settings do not fit together. The application:
admin-refused-no-secrets = An application of this kind has no secrets.
admin-refused-secrets-at-once = Two of its secrets are good already. First remove the one that it does not use any more.
admin-refused-last-secret = It would have no other secret that stays good. Make a new one first.
nav-audit = Audit log
nav-keys = Keys
nav-jobs = Deliveries
nav-health = Health
nav-mails = Mails
audit-lead = Who did what, the newest first. Reading it is recorded, too.
audit-kind = What happened
audit-kind-all = Everything
audit-person = Email or identifier of a person
audit-wrong-person = Nobody has this address. Whoever is gone is found by their identifier.
audit-part = This person
audit-part-subject = is whom it is about
audit-part-actor = did it
audit-client = Application
audit-organization = Short name or identifier of an organization
audit-wrong-organization = No organization has this short name.
audit-from = From this day (UTC)
audit-to = To the end of this day (UTC)
audit-wrong-days = Please name two days, the earlier one first.
audit-clear = Show everything
audit-when = When
audit-what = What
audit-who = Who
audit-nobody-known = The service, or nobody known
audit-about = about
audit-none = No record is like this.
audit-newest = To the newest
audit-take = Take it with you
audit-take-text = A file with all records that the filter finds, the oldest first, and a signed checkpoint at its end. That it is made is recorded.
audit-take-csv = Export as CSV
audit-take-jsonl = Export as JSON lines
audit-too-much = These are more than 100,000 records. Please choose fewer days, or export on the host: idp audit export
audit-verify = Check that it is whole
audit-verify-text = Reads all records and says whether one was changed, removed or put in. Only a comparison with checkpoints that are kept elsewhere finds a log that was rewritten as a whole: idp audit verify --checkpoints
audit-verify-button = Check now
audit-whole = The audit log is whole: { $records } records, the last one has the number { $through }.
audit-removed = The records up to { $through } were removed for their age ({ $at }).
audit-broken = The audit log is not whole.
audit-broken-next = Please compare it with a backup, and find out who could write to the database.
audit-back = Back to the audit log
audit-damaged = What is sealed in this record does not open any more, although its person is still here. Please check that the log is whole.
audit-event = The event
audit-gone = has no account any more
audit-network = Network
audit-browser = Browser
audit-personal = Personal details
audit-erased = erased together with the account
audit-members = What it says
audit-no-members = It says no more than that.
audit-place = Its place in the log
audit-sequence = Number
audit-hash = Hash
audit-more-about = Everything about this person
audit-more-by = Everything this person did
audit-more-client = Everything with this application
act-rotate-keys = Rotate the keys now
act-what-rotate-keys = The next keys sign from now on. Applications know them already, so nobody notices, and tokens that were signed before stay good.
act-replace-keys = Replace all keys in an emergency
act-what-replace-keys = Only if somebody may know the keys. All of them are thrown away and new ones sign at once. No token that was signed before is worth anything any more: applications that know the old keys only refuse every log-in for up to five minutes, and everybody has to log in to their applications again.
act-retry-delivery = Try again now
act-what-retry-delivery = The message is sent again within a second, instead of when its next turn would be.
act-give-up-delivery = Give up
act-what-give-up-delivery = The message is thrown away and nobody gets it. Whoever waits for it has to ask for it again; an application that is to hear of a log-out does not hear of it.
act-refused-forbidden = This is beyond your rights.
act-refused-unchanged = There is nothing to do: it has been sent, given up, or is on its way just now.
act-refused-key-too-young = The next keys are too young: not every application knows them yet. Please wait a few minutes.
act-refused-key-missing = There are no next keys yet. The service makes them within a minute.
keys-title = Keys that sign
keys-lead = Every token is signed with one of these. The private halves never leave the service.
keys-state = State
keys-since = Since
keys-changes = Changes
keys-kid = Name (kid)
keys-state-next = Next
keys-state-current = Signs
keys-state-retired = Retired
keys-age =
    { $days ->
        [0] since today
        [one] for one day
       *[other] for { $days } days
    }
keys-changes-next = signs from
keys-changes-current = makes room from
keys-changes-retired = is forgotten from
keys-none = There are no keys here yet.
keys-by-themselves = The keys rotate by themselves. You need this only before their time.
keys-done-rotate = The next keys sign now.
keys-done-replace = All keys are replaced. Other nodes follow within a minute.
jobs-lead = What waits to be sent, and what happens by itself. Nobody sees what is in a message here.
jobs-waiting = Waiting to be sent
jobs-count-waiting = waiting
jobs-count-failed = of them have failed so far
jobs-show-all = Show everything
jobs-show-failed = Show what has failed
jobs-what = What
jobs-written = Written
jobs-next = Next attempt
jobs-why = Reason
jobs-kind-sign-in-request = Mail: a request from elsewhere
jobs-kind-sign-in-ping = Notice to an application: somebody has answered
jobs-kind-mail = Mail
jobs-kind-reset-request = Somebody asked for a new password
jobs-kind-sign-up-request = Somebody wants to make an account
jobs-kind-logout-notice = An application is to hear of a log-out
jobs-person = the person
jobs-attempts =
    { $count ->
        [0] no attempt so far
        [one] one attempt so far
       *[other] { $count } attempts so far
    }
jobs-not-failed = nothing has gone wrong
jobs-none = Nothing waits.
jobs-done-retry-delivery = The message is tried again now.
jobs-done-give-up-delivery = The message is given up.
jobs-jobs = What happens by itself
jobs-jobs-lead = On this node, since it started.
jobs-last = Last time
jobs-never = not since the start
jobs-job-failed = Failed
jobs-job-fine = Works
jobs-job-mails = Sending mail
jobs-job-notices = Telling applications of log-outs
jobs-job-keys = Rotating keys
jobs-job-audit = Checkpoints of the audit log
jobs-job-figures = Counting for the first page
jobs-job-purge = Removing what has expired
jobs-job-passwords = Measuring imported passwords
jobs-job-certificate = Taking up a renewed certificate
health-all-fine = All is well.
health-all-note = It works. Something is worth knowing.
health-all-wrong = Something is wrong.
health-fine = Fine
health-note = Note
health-wrong = Wrong
health-address-local = The address is { $about }: only browsers on the same machine can log in. Set public_url to your https address.
health-address-without-tls = { $about } can be reached from outside without TLS. Listen on 127.0.0.1 behind a proxy, or set http.tls.
health-address-fine = People reach the service at { $about }.
health-folder-open = The folder { $about } is open to other users of the machine. Run: chmod 700 { $about }
health-folder-fine = The folder { $about } belongs to the service alone.
health-folder-missing = The folder { $about } does not exist. Please look at data_dir.
health-mail-broken = The settings for mail do not work: { $about }
health-mail-server = Mail goes to { $about }.
health-mail-folder = Mail is not sent, but written to { $about }. Set mail.url before real people use this.
health-mail-nowhere = mail.url is empty: nobody gets a mail. Set it to smtp://user:password@host:587
health-database-fine = The database answers, and its schema is current.
health-redis-fine = Redis answers.
health-redis-evicts = Redis forgets log-ins under way when it is full. Set maxmemory-policy noeviction there.
health-redis-silent = Nobody can log in: { $about }
health-keys-fine = There are { $about } keys that sign, and one current for every algorithm.
health-keys-none = There are no keys yet. The first start makes them.
health-keys-missing = There is no current { $about } key. Restore the database from a backup.
health-set-up-done = Set-up is done and closed.
health-set-up-open = Nobody has been set up yet. Open the address that the program prints.
health-outbox-fine = Nothing that is to be sent has failed; { $about } waiting.
health-outbox-failing = Messages that could not be sent so far: { $about }. “Deliveries” says why.
health-checkpoints-none = No checkpoints of the audit log are kept elsewhere, so that one that was rewritten as a whole is not noticed. Set audit.checkpoints.
health-checkpoints-fine = Checkpoints of the audit log go outside.
health-checkpoints-late = No checkpoint of the audit log got outside lately. “Deliveries” and the program’s log say why.
health-address-port = Browsers are led to another port than { $about }, where the service listens. Make the ports of public_url and http.listen the same.
health-address-unknown = The name { $about } in public_url leads nowhere from this machine. Look for a mistake in it, and at your DNS.
health-proxy-untrusted = http.trusted_proxies is empty: every visitor has the address of the proxy, and wrong passwords of all count together. Name the proxy there.
health-certificate-fine = The certificate is good until { $about }.
health-certificate-ends = The certificate expires on { $about }. Renew it.
health-certificate-ended = The certificate has expired on { $about }: browsers refuse the service. Renew it.
health-master-key-open = The master key { $about } can be read by others. Run: chmod 600 { $about }
health-database-open = { $about } can be read by others. Run: chmod 600 { $about }
health-disk-fine = There is room on the disk. { $about }
health-disk-filling = The disk fills up. Left on that of { $about }. Make room.
health-disk-full = The disk is nearly full. Left on that of { $about }. Make room: soon nobody can log in.
health-files-enough = { $about } files can be open at once, as http.max_connections needs.
health-files-few = Too few files may be open for http.max_connections: { $about }. Set LimitNOFILE in the service’s unit.
health-mail-answers = The mail server { $about } lets the service in.
health-mail-refuses = The mail server does not let the service in: { $about }
health-clock-skewed = The clock of the database server differs from ours, in seconds: { $about }. Let both follow one time server.
health-clock-behind = The newest record of activity is of { $about }, which is yet to come. Let all machines follow one time server.
health-connections-many = database.max_connections is more than the database server has: { $about }
health-connections-few = database.max_connections is { $about }: requests wait for each other. Four times the cores of the database server is a good value.
health-keys-late = The { $about } key signs longer than keys.rotate_days allows. The log says why it was not rotated.
health-secrets-ending = The last secret of an application ends soon: { $about }. Give it another.
health-operator-none = There is no operator who is not disabled. Name one on the host: idp user role EMAIL operator
health-backup-none = idp backup has never made a backup here. Run it every day.
health-backup-old = The last backup is of { $about }. Look at what should run idp backup every day.
health-backup-fine = The last backup is of { $about }.
health-more = On the host, idp doctor says the same and more.
admin-refused-email = Please enter an email address such as name@example.com.
admin-refused-name = Please enter a name of at most 100 characters.

## Organizations in the console

org-search = Name or short name begins with
org-name = Name
org-slug = Short name
org-members = Members
org-people =
    { $count ->
        [0] Nobody
        [1] 1 person
       *[other] { $count } people
    }
org-enabled = Active
org-disabled = Disabled
org-nothing = No organization was found.
org-more = More organizations
org-about = About this organization
org-roles = Roles
org-roles-hint = Small letters, digits and hyphens, with spaces between them. Administrators are always there.
org-policy-none = As the service asks
org-invitations = Invitations
org-invited-by = invited by { $inviter }
org-invitation-expired = too old
org-invitation-void = does not count: whoever invited may not do so any more, or a role is gone
org-administrator = administrator
org-administrator-role = Administrator: looks after the people of the organization
org-client = Then on to
org-client-none = Their account
org-days = Days that the invitation is good for, 1 to 30
org-send = Send the invitation
org-touches =
    { $count ->
        [0] Nobody belongs to the organization.
        [1] This concerns 1 person who belongs to the organization.
       *[other] This concerns { $count } people who belong to the organization.
    }
org-do-invite = Invite somebody
org-do-change = Change name, roles and rule
org-do-disable = Disable the organization
org-do-enable = Enable the organization
org-do-roles = Change roles
org-do-remove = Remove
org-do-resend = Send again
org-do-withdraw = Take back
org-what-invite = They get a mail with a link, with which they join: with the account that they have, or with a new one. Nobody else sees the link.
org-what-change = The rule for logging in holds at the next log-in, in addition to what the service asks for. A role that members have can not be removed.
org-what-disable = Nobody administers it or joins it any more, and its rule for logging in does not hold. Its people keep their accounts.
org-what-enable = It is administered again, and its rule for logging in holds.
org-what-roles = Applications learn the roles at the next log-in. Administrators look after everybody in the organization.
org-what-remove = The person does not belong to the organization any more. Their account stays.
org-what-resend = They get a new mail with a new link. The link in the older mail does not work any more.
org-what-withdraw = The link in the mail does not work any more.
org-done-invite = The invitation is on its way by mail.
org-done-change = The organization is changed.
org-done-disable = The organization is disabled.
org-done-enable = The organization is active again.
org-done-roles = The roles are changed.
org-done-remove = The person does not belong to the organization any more.
org-done-resend = A new invitation is on its way by mail.
org-done-withdraw = The invitation is taken back.

## The page about the administration API

api-title = Administration API
api-document = The OpenAPI document
api-scopes = Scopes
api-scope = Scope:
api-body = Body:
api-answer = Answer:
api-schemas = What is sent and answered
api-problems = Problems
api-problems-lead = The last part of the type of a problem, after #, is one of these and never changes.
api-name = Name
api-type = Type
api-meaning = Meaning
api-required = required
risk-title = One loss from a lock-out
risk-lead = These people have one passkey that is kept on one device only, or a code app and nothing else, and no recovery codes. If they lose the device, only an administrator gets them back in. A second passkey helps.
risk-none = Nobody would be locked out by the loss of one device.
figures-sign-ins = Log-ins of the last 30 days
figures-sign-ins-text = Bars for each day, by the way people logged in. Together { $total }. The table below says the same.
figures-table = As a table
figures-day = Day (UTC)
figures-no-sign-ins = Nobody has logged in since counting began.
figures-adoption = Passkeys
figures-adopted = of the people have a passkey
figures-adoption-text = A line with the share of people who have a passkey, day by day. At last { $percent } percent. The table below says the same.
figures-with-passkey = With a passkey
figures-not-counted = Not counted yet. It is done every ten minutes.
figures-failures = Why log-ins failed
figures-reason = Reason, in the last 30 days
figures-count = Count
figures-no-failures = No log-in has failed since counting began.
figures-reason-password = Wrong password, or no such account
figures-reason-code = Wrong code
figures-reason-recovery-code = Wrong recovery code
figures-reason-unknown-passkey = A passkey that nobody here has
figures-reason-passkey-refused = A passkey that was refused
figures-reason-other = Something else
figures-at-risk =
    { $count ->
        [one] person would be locked out by the loss of one device
       *[other] people would be locked out by the loss of one device
    }
figures-who = See who
figures-keys = Keys that change soon
figures-no-keys = None within 14 days. They rotate by themselves.
mails-lead = Everything that people get by mail, as they get it.
mails-subject = Subject
mails-name = Name
mails-none = There are no mails.
mails-back = All mails
mails-from = From
mails-made-up = What it says is made up, and its link leads nowhere.
mails-languages = Language of the mail
mails-look = As most people see it
mails-plain = As plain text
mails-try-text = Goes to { $address } and to nobody else. That it was sent is recorded.
mails-try = Send it to me
mails-sent = It is on its way. If it does not arrive, “Deliveries” says why.
palette-open = Go to a page or a person
palette-title = Go to
palette-label = Page, name or email
palette-found = Found
palette-keys = Arrow keys choose, Enter opens, Escape closes.
audit-kept = Searches that you keep
audit-kept-none = None so far. Only you see them.
audit-keep-name = Keep this search under the name
audit-keep = Keep it
audit-forget = Forget it
audit-wrong-name = Please give it a name of at most 60 letters. Nobody keeps more than 50.

# Branding
nav-branding = Branding
brand-title = Branding
brand-lead = How the service looks to everybody who logs in, and on every page of theirs. Organizations may have a look of their own.
brand-lead-organization = What people see while they log in for this organization. What is not set here is as the service has it.
brand-unset-organization = Nothing is set yet. Once something is, the log-in for this organization shows its name and its colours to everybody who gets there.
brand-look = Name and colours
brand-name = Name
brand-name-hint = On every page and in every mail. Empty: { $otherwise }. In the dialogs of browsers about passkeys it changes with the next start.
brand-locked = The configuration says it ({ $place }), and it is changed there.
brand-accent-light = Accent on light pages
brand-accent-dark = Accent on dark pages
brand-accent-hint = For buttons and links, written like #0f4c55. Empty: { $otherwise }.
brand-contrast-enough = Contrast { $ratio } : 1. It can be read ({ $needed } is needed).
brand-contrast-little = Contrast { $ratio } : 1. Many people could not read it: { $needed } is needed. The nearest colour that does is { $nearest }.
brand-preview = Preview
brand-preview-title = As people will see it
brand-preview-light = The log-in on a light page
brand-preview-dark = The log-in on a dark page
brand-logos = Logos
brand-logo-hint = PNG, JPEG or WebP, at most { $kib } KiB, each side 16 to { $pixels } pixels. With only one of the two it is on all pages. Texts and places inside the file are removed.
brand-logo-light = Logo for light pages
brand-logo-dark = Logo for dark pages
brand-upload-light = Upload the logo for light pages
brand-upload-dark = Upload the logo for dark pages
brand-remove-light = Remove the logo for light pages
brand-remove-dark = Remove the logo for dark pages
brand-reset = Reset to default
brand-reset-service = Name, colours and logos go back to what they were before anybody set them.
brand-reset-organization = Its colours and logos go, and the log-in for this organization looks as the service does again.
brand-reset-yes = Yes, reset
brand-back = Back
brand-done-saved = Saved. Pages look like this from now on.
brand-done-logo-saved = The logo is in use from now on.
brand-done-logo-removed = The logo is removed.
brand-done-reset = Everything is as it was before anybody set it.
brand-done-again = Nothing was uploaded yet. Now that you have shown that it is you, please choose the file once more.
brand-wrong-name = The name must have 1 to 60 characters.
brand-wrong-colour = A colour is written like #0f4c55.
brand-wrong-unreadable = Nothing was saved: a colour would be too hard to read. What is needed and the nearest colour that does stand beside it.
brand-wrong-picture-nothing = Please choose a file first.
brand-wrong-picture-too-large = The file is larger than { $kib } KiB. Please save the picture smaller.
brand-wrong-picture-svg = SVG is not taken: such a file can contain scripts. Please save the logo as PNG or WebP.
brand-wrong-picture-kind = The file is no PNG, JPEG or WebP, whatever its name says.
brand-wrong-picture-damaged = The file is damaged, moves, or has something else behind the picture. Please save it anew as PNG.
brand-wrong-picture-size = Each side of the picture must have 16 to { $pixels } pixels.
admin-refused-changed-meanwhile = Somebody else has changed it meanwhile. Load the page again to see how it is now.
admin-refused-fixed = The configuration of the service says so, and it is changed there.
activity-brand-changed = Branding changed
activity-service-policy-set = Rule for logging in of the service set
jobs-job-settings = Reading what is set in the console
person-parts = Parts of this page
person-tab-overview = Overview
person-tab-passkeys = Passkeys and factors
person-tab-sessions = Devices
person-tab-applications = Applications
person-tab-organizations = Organizations
person-tab-activity = Activity
person-tab-json = JSON
person-since = Account since
person-id = Identifier
person-invite = Invite to an organization
person-factors = Password and second factors
person-synced = synced
person-last-seen = last seen
person-nowhere = Logged in nowhere.
person-no-apps = No application knows this person, as far as you may see.
person-no-organization = This person belongs to no organization that you may see.
person-offline = goes on after logging out
person-member-since = member since
person-activity-lead = The newest first. That you look is recorded, too.
person-activity-own = What happened in your organizations, the newest first. That you look is recorded, too.
person-json-lead = What the API shows you of this person:
people-invite = Invite somebody
person-new = Make an account
person-new-lead = It begins without rights, without an organization and without a way in. A link leads its person to their first passkey. Whoever belongs to an organization is better invited there.
person-new-link = Link by mail, good for so many minutes
person-new-link-hint = 5 to 1440. Leave it empty to send none.
person-make = Make it
failure-minutes = Please enter 5 to 1440 minutes, or nothing.
admin-done-created = The account is made. A link leads its person in.
invite-title = Invite somebody
invite-lead = To which organization? They get a mail with a link, with which they join.
invite-choose = Invite
org-new = Make an organization
org-new-lead = It begins without members. Next you invite its first administrator.
org-slug-hint = For addresses and requests: 2 to 60 small letters, digits and hyphens. It never changes. Left empty, it is made from the name.
org-make = Make it
org-first-administrator = Nobody belongs to it yet. Please invite its first administrator.
org-wrong-name = Please enter a name of at most 100 characters.
org-wrong-slug = A short name has 2 to 60 small letters, digits and hyphens, and no hyphen at its ends.
org-wrong-slug-taken = This short name is taken. The one in the field is free.
org-wrong-roles = Roles have small letters, digits and hyphens, with spaces between them.
admin-do-end-session = Log out there
admin-do-disconnect = Disconnect
admin-what-end-session = The log-in on this device ends, and applications lose what they were given in it.
admin-what-disconnect = The application loses what it was given, and asks again at the next log-in.
admin-done-end-session = The person is logged out there.
admin-done-disconnect = The application is disconnected.
audit-more-organization = What happened here, in the audit log

# Rules of the service
nav-policy = Rules
policy-title = Rules of the service
policy-lead = What holds for everybody, and where each rule comes from. Of the rules of the service, of somebody's organizations, of the person and of the application the strictest holds.
policy-holds = Holds for everybody
policy-from = Comes from
policy-from-default = built in
policy-from-console = set here in the console
policy-from-configuration = the configuration ({ $place }), and is changed there
policy-choose = Rule for everybody
policy-choose-hint = It holds from the next log-in of each on. Who lacks what it asks for is led to add it.
policy-go-on = Continue
policy-new = From the next log-in on:
policy-touches = { $count ->
    [one] This holds for one person.
   *[other] This holds for { $count } people.
 } { $without ->
    [0] All of them have a passkey.
    [one] One has no passkey.
   *[other] { $without } have no passkey.
 } Whoever lacks what the rule asks for has to add it at the next log-in.
policy-done = Set. It holds from the next log-in of each on.
policy-organizations = Organizations with a rule of their own
policy-applications = Applications with a rule of their own
policy-nobody = None.
policy-idle = not stricter than what holds for everybody
policy-rules = What else holds
policy-rules-hint = These come from the configuration, and are changed there.
policy-rule-sessions-idle_minutes = Minutes until an unused session ends
policy-rule-sessions-absolute_hours = Hours until every session ends
policy-rule-sign_up-open = People may make accounts themselves
policy-rule-registration-open = Applications may register without a token
policy-rule-passwords-failures_per_network = Wrong passwords per network within ten minutes
policy-rule-tokens-access_token_minutes = Minutes that an access token is good
policy-rule-tokens-refresh_idle_days = Days until an unused refresh token is spent
policy-rule-tokens-refresh_absolute_days = Days until every refresh token is spent
policy-rule-keys-rotate_days = Days until a signing key makes room for the next
policy-yes = yes
policy-no = no
org-branding = Branding of the organization

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
use-password-title = Your password, please
use-password-lead = Your passkey was recognised, but it did not check that it is you. Your password completes the log-in.
offer-title = Next time, log in with one touch
offer-lead = You are logged in. Would you like a passkey, so that you need no password the next time?
passkey-reason-quick = Your fingerprint, your face or your device PIN instead of a password.
passkey-reason-safe = It only works on the genuine page, so nobody can trick you into giving it away.
passkey-reason-private = Your fingerprint or face never leaves your device.
signed-out-title = You are logged out
signed-out-lead = On a shared computer, please close the browser window as well.
signed-out-app = You may go back to { $app } or close this page.
signed-out-again = Log in again

## Setting up

setup-title = Welcome. Let us set up your account
setup-lead = You will be the operator of { $brand }: the person who looks after people and applications.

## My info

overview-title = My info
overview-greeting = Good to see you, { $name }.
overview-about-you = About you
overview-name = Name
overview-email = Email
overview-role = Role
overview-since = Account since
overview-getting-in = Getting in
overview-passkeys =
    { $count ->
        [0] No passkey yet
        [one] One passkey
       *[other] { $count } passkeys
    }
overview-no-passkeys = You log in with your password alone, the weakest way. A passkey is quicker and much safer.
overview-one-passkey = Well protected. A second passkey on another device lets you in even if you lose this one.
overview-with-passkeys = Well protected, and you can still get in if you lose one device.
overview-last-sign-in-passkey = Last log-in, with a passkey:
overview-last-sign-in-password = Last log-in, with a password:
overview-last-sign-in-password-passkey = Last log-in, with password and passkey:

## Passkeys

passkeys-title = Manage passkeys
passkeys-lead = Each passkey lets you log in from the devices where it is kept.
passkeys-full = You have as many passkeys as an account can hold. Delete one to make room.
passkeys-only-one = This is your only passkey. Create another one on a second device, and you can get in even if you lose this one.
passkeys-none-title = No passkeys yet
passkeys-none-text = With a passkey you log in by fingerprint, face or device PIN. It takes less than a minute to create one.
passkey-this-session = You logged in with this one
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
create-welcome = Your account is ready. One last step makes it safe and quick to use: a passkey.
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
delete-last-one = It is your only passkey: afterwards your password alone opens the account.
delete-copy-title = The copy on your device
delete-copy-text = Where the browser can, it removes the copy from your device too. If it is still offered afterwards, remove it by hand:
delete-by-hand-phone = on an iPhone in the Passwords app, on Android in the settings under “Passwords, passkeys & accounts”.
delete-by-hand-computer = on Windows in Settings → Accounts → Passkeys, on a Mac in the Passwords app.
delete-by-hand-password-manager = open your password manager, find this site’s entry and delete the passkey in it.
delete-by-hand-security-key = with the maker’s app or in your browser’s settings for security keys.
delete-more-help = More on deleting
delete-yes = Yes, delete

## Allowing an application

consent-title = Allow access?
consent-lead = { $app } would like to:
consent-as = You are logged in as { $email }.
scope-openid = Know that it is you
scope-profile = See your name
scope-email = See your email address
scope-offline_access = Stay connected while you are away

## Logging out and passing on

logout-title = Log out of { $brand }?
logout-lead = You will have to log in again to use your applications.
logout-lead-app = { $app } asks to end your log-in here.
form-post-title = One moment, please
form-post-lead = We are taking you back to the application. If nothing happens, please press “Continue”.
continue-lead = You will be taken on at once. If nothing happens, please press “Continue”.

## Notices

notice-signed-out = You are logged out.
notice-session-ended = Your log-in has ended. Please log in again.
notice-created = Your passkey is saved. You can log in with it from now on.
notice-deleted = The passkey is deleted.
notice-renamed = The new name is saved.

## What went wrong, and the one next step

failure-wrong-credentials = The email or the password is not right. Please check both and try again.
failure-too-busy = Very many people are logging in right now. Please wait a moment and try again.
failure-password-missing = Please enter your password.
failure-email-invalid = Please enter an email address such as name@example.com.
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
error-last-way-in-text = Without this passkey you could not log in any more: your password does not work at the moment.
error-last-way-in-next = Create another passkey first, then delete this one.
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
help-lost-1 = Log in with another passkey, open “Passkeys” in your account, and delete the one on the lost device. The log-ins that began with it end at once. A finder can do nothing with it as long as your screen lock is unknown.
help-lost-2 = If it was your only passkey, please ask your clinic’s administrator to remove it. Then your password lets you in, and you can create a new one.

help-forgot-password = If you forget your password
help-forgot-password-1 = If you have a passkey, you do not need the password: choose “Log in with a passkey”.
help-forgot-password-2 = Without a passkey, please ask your clinic’s administrator, who can give you access again.

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
help-trouble-locked-out-answer = Please ask your clinic’s administrator. They know you, and can let you in again.

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

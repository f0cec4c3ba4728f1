### Alle Texte der Seiten auf Deutsch, in der Sie-Form.

## Überall

skip-to-content = Zum Inhalt springen
development-note = Entwicklungsmodus: nicht für echte Konten.
nav-account = Konto
nav-info = Meine Daten
nav-passkeys = Passkeys
nav-help = Hilfe
log-in = Anmelden
log-out = Abmelden
cancel = Abbrechen
continue = Weiter
save = Speichern
rename = Umbenennen
delete = Löschen
allow = Erlauben
not-now = Nicht jetzt
create-passkey = Passkey erstellen
use-your-passkey = Passkey verwenden
what-is-a-passkey = Was ist ein Passkey?
forgot-password = Passwort vergessen?
trouble-logging-in = Probleme beim Anmelden?
label-email = E-Mail
label-password = Passwort
label-given-name = Vorname
label-family-name = Nachname
label-passkey-name = Name des Passkeys
password-show = Anzeigen
password-hide = Verbergen
password-hint = Mindestens { $minimum } Zeichen. Am besten einige Wörter, die nur Sie so zusammenstellen würden.
form-has-errors =
    { $count ->
        [one] Bitte prüfen Sie ein Feld. Der Grund steht darüber.
       *[other] Bitte prüfen Sie { $count } Felder. Die Gründe stehen jeweils darüber.
    }

## Die anfragende Anwendung

app-asks = Weiter zu
app-policy = Datenschutz
app-terms = Nutzungsbedingungen

## Anmelden

sign-in-title = Anmelden
sign-in-confirm-title = Bitte bestätigen Sie, dass Sie es sind
sign-in-confirm-lead = Sie sind bereits angemeldet. Um fortzufahren, melden Sie sich bitte noch einmal an.
sign-in-passkey = Mit Passkey anmelden
sign-in-other-device = Telefon oder Sicherheitsschlüssel
sign-in-or-email = oder mit E-Mail
sign-in-password-weaker = Ein Passwort geht auch. Ein Passkey ist schneller und viel sicherer.
passkey-absent = Dieser Browser unterstützt keine Passkeys. Bitte verwenden Sie Ihre E-Mail-Adresse oder einen aktuellen Browser.
passkey-needs-script = Passkeys benötigen JavaScript, das hier ausgeschaltet ist.
use-passkey-title = Passkey verwenden
use-passkey-lead = Ihr Passwort stimmt. Bitte bestätigen Sie nun noch mit Ihrem Passkey.
use-passkey-why = Ihr Konto ist durch einen Passkey geschützt. Ein bekannt gewordenes Passwort allein öffnet es deshalb nicht.
use-another-account = Anderes Konto verwenden
use-password-title = Ihr Passwort, bitte
use-password-lead = Ihr Passkey wurde erkannt, hat aber nicht geprüft, dass Sie es sind. Mit dem Passwort ist die Anmeldung vollständig.
offer-title = Nächstes Mal mit einer Berührung anmelden
offer-lead = Sie sind angemeldet. Möchten Sie einen Passkey, damit Sie das nächste Mal kein Passwort brauchen?
passkey-reason-quick = Fingerabdruck, Gesicht oder Geräte-PIN statt eines Passworts.
passkey-reason-safe = Er funktioniert nur auf der echten Seite. Niemand kann ihn Ihnen entlocken.
passkey-reason-private = Ihr Fingerabdruck oder Gesicht verlässt nie Ihr Gerät.
signed-out-title = Sie sind abgemeldet
signed-out-lead = Schließen Sie an einem gemeinsam genutzten Computer bitte auch das Browserfenster.
signed-out-app = Sie können zu { $app } zurückkehren oder diese Seite schließen.
signed-out-again = Wieder anmelden

## Einrichten

setup-title = Willkommen. Richten wir Ihr Konto ein
setup-lead = Sie werden { $brand } betreiben und sich um Personen und Anwendungen kümmern.

## Meine Daten

overview-title = Meine Daten
overview-greeting = Schön, dass Sie da sind, { $name }.
overview-about-you = Über Sie
overview-name = Name
overview-email = E-Mail
overview-role = Rolle
overview-since = Konto seit
overview-getting-in = Ihr Zugang
overview-passkeys =
    { $count ->
        [0] Noch kein Passkey
        [one] Ein Passkey
       *[other] { $count } Passkeys
    }
overview-no-passkeys = Sie melden sich nur mit dem Passwort an, dem schwächsten Weg. Ein Passkey ist schneller und viel sicherer.
overview-one-passkey = Gut geschützt. Mit einem zweiten Passkey auf einem anderen Gerät kommen Sie auch dann hinein, wenn Sie dieses verlieren.
overview-with-passkeys = Gut geschützt, und Sie kommen auch dann hinein, wenn Sie ein Gerät verlieren.
overview-last-sign-in-passkey = Letzte Anmeldung, mit Passkey:
overview-last-sign-in-password = Letzte Anmeldung, mit Passwort:
overview-last-sign-in-password-passkey = Letzte Anmeldung, mit Passwort und Passkey:

## Passkeys

passkeys-title = Passkeys verwalten
passkeys-lead = Mit jedem Passkey melden Sie sich von den Geräten an, auf denen er aufbewahrt wird.
passkeys-full = Mehr Passkeys fasst ein Konto nicht. Löschen Sie einen, um Platz zu schaffen.
passkeys-only-one = Das ist Ihr einziger Passkey. Erstellen Sie einen weiteren auf einem zweiten Gerät, dann kommen Sie auch nach einem Verlust hinein.
passkeys-none-title = Noch keine Passkeys
passkeys-none-text = Mit einem Passkey melden Sie sich per Fingerabdruck, Gesicht oder Geräte-PIN an. Ihn zu erstellen dauert keine Minute.
passkey-this-session = Damit sind Sie angemeldet
passkey-created = Erstellt
passkey-last-used = Zuletzt verwendet
passkey-never-used = Noch nie
passkey-kept = Aufbewahrt
passkey-synced = Auf Ihren Geräten synchronisiert
passkey-one-device = Nur auf einem Gerät
kind-phone = Telefon
kind-computer = Computer
kind-password-manager = Passwortmanager
kind-security-key = Sicherheitsschlüssel

create-lead = Ihr Browser fragt, wo er ihn aufbewahren soll, und dann nach Fingerabdruck, Gesicht oder Geräte-PIN.
create-welcome = Ihr Konto ist bereit. Ein letzter Schritt macht es sicher und schnell: ein Passkey.
create-what-happens = Wählen Sie an einem Computer, den auch andere nutzen, Ihr Telefon oder einen Sicherheitsschlüssel als Aufbewahrungsort.

name-title = Passkey umbenennen
name-lead = Wählen Sie einen Namen, an dem Sie ihn erkennen.
name-fresh-title = Ihr Passkey ist bereit
name-fresh-lead = Geben Sie ihm einen Namen, an dem Sie ihn später erkennen.
name-hint = Zum Beispiel „Mein Telefon“ oder „Computer am Empfang“.

delete-title = Diesen Passkey löschen?
delete-permanent = Er funktioniert hier sofort nicht mehr. Das lässt sich nicht rückgängig machen.
delete-ends-sessions = Anmeldungen, die mit diesem Passkey begonnen haben, enden.
delete-ends-this-session = Sie haben sich gerade mit ihm angemeldet und müssen sich danach neu anmelden.
delete-last-one = Es ist Ihr einziger Passkey: Danach öffnet allein Ihr Passwort das Konto.
delete-copy-title = Die Kopie auf Ihrem Gerät
delete-copy-text = Wo der Browser es kann, entfernt er auch die Kopie auf Ihrem Gerät. Wird sie danach noch angeboten, entfernen Sie sie von Hand:
delete-by-hand-phone = auf dem iPhone in der App „Passwörter“, auf Android in den Einstellungen unter „Passwörter, Passkeys & Konten“.
delete-by-hand-computer = unter Windows in Einstellungen → Konten → Passkeys, auf dem Mac in der App „Passwörter“.
delete-by-hand-password-manager = öffnen Sie im Passwortmanager den Eintrag dieser Website und löschen Sie dort den Passkey.
delete-by-hand-security-key = mit der App des Herstellers oder in den Browser-Einstellungen für Sicherheitsschlüssel.
delete-more-help = Mehr zum Löschen
delete-yes = Ja, löschen

## Einer Anwendung Zugriff erlauben

consent-title = Zugriff erlauben?
consent-lead = { $app } möchte:
consent-as = Sie sind angemeldet als { $email }.
scope-openid = Wissen, dass Sie es sind
scope-profile = Ihren Namen sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-offline_access = Verbunden bleiben, während Sie abwesend sind

## Abmelden und weiterleiten

logout-title = Von { $brand } abmelden?
logout-lead = Um Ihre Anwendungen zu nutzen, müssen Sie sich danach neu anmelden.
logout-lead-app = { $app } möchte Ihre Anmeldung hier beenden.
form-post-title = Einen Moment, bitte
form-post-lead = Sie werden zur Anwendung zurückgebracht. Falls nichts geschieht, drücken Sie bitte „Weiter“.
continue-lead = Es geht sofort weiter. Falls nichts geschieht, drücken Sie bitte „Weiter“.

## Hinweise

notice-signed-out = Sie sind abgemeldet.
notice-session-ended = Ihre Anmeldung ist abgelaufen. Bitte melden Sie sich neu an.
notice-created = Ihr Passkey ist gespeichert. Ab jetzt können Sie sich mit ihm anmelden.
notice-deleted = Der Passkey ist gelöscht.
notice-renamed = Der neue Name ist gespeichert.

## Was geschehen ist, und der eine nächste Schritt

failure-wrong-credentials = E-Mail oder Passwort stimmt nicht. Bitte prüfen Sie beides und versuchen Sie es noch einmal.
failure-too-busy = Gerade melden sich sehr viele Menschen an. Bitte warten Sie einen Moment und versuchen Sie es noch einmal.
failure-password-missing = Bitte geben Sie Ihr Passwort ein.
failure-email-invalid = Bitte geben Sie eine E-Mail-Adresse ein, etwa name@example.com.
failure-email-taken = Zu dieser E-Mail-Adresse gibt es schon ein Konto. Bitte verwenden Sie eine andere.
failure-password-short = Dieses Passwort ist zu kurz. Bitte fügen Sie ein oder zwei Wörter hinzu.
failure-password-long = Dieses Passwort ist zu lang. Bitte verwenden Sie ein kürzeres.
failure-password-context = Dieses Passwort enthält Ihren Namen, Ihre E-Mail-Adresse oder den Namen dieses Dienstes. Bitte wählen Sie andere Wörter.
failure-name-empty = Bitte geben Sie einen Namen ein.
failure-name-long = Dieser Name ist zu lang. Bitte kürzen Sie ihn.
failure-passkey-unknown = Dieser Passkey ist hier nicht mehr registriert. Bitte verwenden Sie einen anderen oder E-Mail und Passwort.
failure-passkey-not-verified = Ihr Gerät hat nicht geprüft, dass Sie es sind. Bitte versuchen Sie es noch einmal mit Fingerabdruck, Gesicht oder PIN.
failure-passkey-expired = Das hat etwas zu lange gedauert. Bitte versuchen Sie es noch einmal.
failure-passkey-rejected = Dieser Passkey konnte nicht bestätigt werden. Bitte versuchen Sie es noch einmal oder melden Sie sich anders an.
failure-passkey-name-empty = Bitte geben Sie dem Passkey einen Namen.
failure-passkey-name-long = Dieser Name ist zu lang. Bitte kürzen Sie ihn.
failure-passkey-limit = Mehr Passkeys fasst ein Konto nicht. Bitte löschen Sie zuerst einen.
failure-passkey-exists = Dieser Passkey ist bereits registriert. Bitte melden Sie sich mit ihm an.
failure-attempt-expired = Diese Anmeldung hat zu lange gewartet. Bitte gehen Sie zur Anwendung zurück und beginnen Sie neu.
failure-unavailable = Das geht im Augenblick nicht. Bitte versuchen Sie es in einer Minute noch einmal.
failure-passkey-cancelled = Der Vorgang wurde abgebrochen oder dauerte zu lange. Bitte versuchen Sie es noch einmal, wenn Sie so weit sind.
failure-passkey-wrong-site = Unter dieser Adresse funktionieren Passkeys nicht. Bitte öffnen Sie die Seite noch einmal aus Ihrer Anwendung.
failure-passkey-unsupported = Dieser Browser oder dieses Gerät konnte den Passkey nicht verwenden. Bitte aktualisieren Sie den Browser oder nehmen Sie ein anderes Gerät.
failure-passkey-already-here = Auf diesem Gerät oder in diesem Passwortmanager haben Sie schon einen Passkey. Bitte melden Sie sich mit ihm an.
failure-network = Die Verbindung wurde unterbrochen. Bitte prüfen Sie sie und versuchen Sie es noch einmal.
failure-passkey-none-here = Auf diesem Gerät wurde kein Passkey verwendet. Bitte nehmen Sie ein Telefon oder einen Sicherheitsschlüssel oder E-Mail und Passwort.

## Fehlerseiten

error-to-account = Zu meinem Konto
error-to-sign-in = Zur Anmeldung
error-for-developers = Für Entwickler
error-reference = Kennung:

error-not-found-title = Diese Seite gibt es nicht
error-not-found-text = Vielleicht ist die Adresse vertippt, oder die Seite ist umgezogen.
error-not-found-next = Bitte prüfen Sie die Adresse oder beginnen Sie mit dem Link unten.
error-method-title = So lässt sich diese Seite nicht öffnen
error-method-text = Die Adresse gibt es, aber auf diese Art von Aufruf antwortet sie nicht.
error-method-next = Bitte gehen Sie zurück und verwenden Sie die Schaltflächen der Seite.
error-bad-request-title = Diese Anfrage ist unvollständig
error-bad-request-text = Im Link oder im Formular fehlt etwas oder hat die falsche Form.
error-bad-request-next = Bitte gehen Sie zurück und versuchen Sie es noch einmal. Geschieht es wieder, sagen Sie es den Betreibern der Anwendung.
error-too-large-title = Das war zu viel auf einmal
error-too-large-text = Das Gesendete ist größer, als diese Seite annimmt.
error-too-large-next = Bitte gehen Sie zurück und kürzen Sie Ihre Eingabe.
error-unknown-client-title = Diese Anwendung ist hier nicht bekannt
error-unknown-client-text = Eine Anwendung hat Sie zum Anmelden hierher geschickt, ist bei diesem Dienst aber nicht registriert. Zu Ihrer Sicherheit endet die Anmeldung hier.
error-unknown-client-next = Bitte sagen Sie es den Betreibern der Anwendung.
error-redirect-mismatch-title = Der Rückweg ist nicht registriert
error-redirect-mismatch-text = Die Anwendung wollte Sie an eine Adresse senden, die für sie nicht registriert ist. Zu Ihrer Sicherheit endet die Anmeldung hier.
error-redirect-mismatch-next = Bitte sagen Sie es den Betreibern der Anwendung.
error-attempt-expired-title = Diese Anmeldung ist abgelaufen
error-attempt-expired-text = Sie hat zu lange gewartet oder ist bereits abgeschlossen.
error-attempt-expired-next = Bitte gehen Sie zur Anwendung zurück und melden Sie sich von dort aus an.
error-other-browser-title = Diese Anmeldung begann in einem anderen Browser
error-other-browser-text = Zu Ihrer Sicherheit lässt sie sich nur dort abschließen, wo sie begonnen wurde.
error-other-browser-next = Bitte kehren Sie zu jenem Browser zurück oder beginnen Sie in der Anwendung neu.
error-csrf-title = Dieses Formular konnte nicht angenommen werden
error-csrf-text = Es war nicht sicher, dass es von unserer eigenen Seite kam. Vielleicht sind Cookies gesperrt, oder die Seite war sehr lange offen.
error-csrf-next = Bitte gehen Sie zurück, laden Sie die Seite neu und senden Sie das Formular noch einmal.
error-setup-done-title = Die Einrichtung ist abgeschlossen
error-setup-done-text = Dieser Dienst wird bereits betreut. Der Link wird nicht mehr gebraucht.
error-setup-done-next = Bitte melden Sie sich mit Ihrem Konto an.
error-setup-token-title = Dieser Einrichtungslink ist nicht gültig
error-setup-token-text = Vielleicht ist er unvollständig, oder der Dienst wurde neu gestartet und hat einen neuen ausgegeben.
error-setup-token-next = Bitte kopieren Sie den ganzen Link vom letzten Start des Dienstes.
error-busy-title = Sehr viele Anfragen im Augenblick
error-busy-text = Der Dienst bearbeitet eine nach der anderen, damit alle hineinkommen.
error-busy-next = Bitte warten Sie einen Moment und versuchen Sie es noch einmal.
error-unavailable-title = Gleich wieder da
error-unavailable-text = Der Dienst erreicht etwas nicht, das er braucht. Ihre Daten sind sicher.
error-unavailable-next = Bitte versuchen Sie es in einer Minute noch einmal.
error-internal-title = Das liegt an uns
error-internal-text = Der Dienst ist auf etwas gestoßen, worauf er nicht vorbereitet war. Es wurde festgehalten.
error-internal-next = Bitte versuchen Sie es noch einmal. Geschieht es wieder, geben Sie Ihrer Administration die Kennung unten.
error-logout-hint-title = Dieser Abmeldelink ist nicht gültig
error-logout-hint-text = Die Anwendung hat eine Abmeldung gesendet, die nicht zu Ihrer Anmeldung passt.
error-logout-hint-next = Sie können sich stattdessen auf Ihrer Kontoseite abmelden.
error-last-way-in-title = Ihr einziger Zugang
error-last-way-in-text = Ohne diesen Passkey könnten Sie sich nicht mehr anmelden: Ihr Passwort funktioniert zurzeit nicht.
error-last-way-in-next = Erstellen Sie zuerst einen weiteren Passkey und löschen Sie dann diesen.
error-passkey-limit-title = Kein Platz für einen weiteren Passkey
error-passkey-limit-text = Mehr Passkeys fasst ein Konto nicht.
error-passkey-limit-next = Bitte löschen Sie einen, den Sie nicht mehr verwenden, und erstellen Sie dann den neuen.
error-stale-page-title = Diese Seite ist nicht mehr aktuell
error-stale-page-text = Seit sie geöffnet wurde, hat sich etwas geändert, vielleicht in einem anderen Tab.
error-stale-page-next = Bitte gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.
error-forbidden-title = Das steht Ihnen nicht offen
error-forbidden-text = Ihr Konto hat nicht das Recht dazu.
error-forbidden-next = Wenn Sie es brauchen, fragen Sie bitte die Administration Ihrer Praxis.

## Hilfe

help-title = Passkeys erklärt
help-lead = Was ein Passkey ist, wo er aufbewahrt wird und was zu tun ist, wenn etwas nicht klappt.
help-contents = Auf dieser Seite
platform-apple = Apple
platform-google = Google
platform-windows = Windows
platform-managers = 1Password und andere Passwortmanager
platform-keys = Sicherheitsschlüssel

help-what = Was ein Passkey ist
help-what-1 = Ein Passkey ersetzt Ihr Passwort. Sie bestätigen mit dem, was Ihr Gerät ohnehin entsperrt: Fingerabdruck, Gesicht oder Geräte-PIN. Es gibt nichts zu erfinden, zu merken oder einzutippen.
help-what-2 = Dahinter steht ein Schlüsselpaar. Der geheime Schlüssel bleibt bei Ihrem Gerät oder Passwortmanager; dieser Dienst bekommt nur den anderen, und mit dem kann sich niemand anmelden.

help-where = Wo Passkeys aufbewahrt werden
help-where-lead = Beim Erstellen fragt Ihr Browser nach dem Aufbewahrungsort. Dort finden Sie den Passkey wieder:
help-where-apple = Im iCloud-Schlüsselbund, auf all Ihren Apple-Geräten. Zu sehen in der App „Passwörter“ auf iPhone, iPad und Mac.
help-where-google = Im Google Passwortmanager, in Chrome und auf Android überall dort, wo Sie dasselbe Google-Konto nutzen. Zu sehen unter passwords.google.com oder auf Android in den Einstellungen unter „Passwörter, Passkeys & Konten“.
help-where-windows = In Windows Hello, auf diesem einen Computer, oder synchronisiert vom Microsoft-Passwortmanager. Zu sehen unter Einstellungen → Konten → Passkeys.
help-where-managers = Im Tresor des Passwortmanagers, auf jedem Gerät, auf dem Sie ihn nutzen. Zu sehen im Eintrag dieser Website.
help-where-keys = Auf dem Schlüssel selbst und nirgends sonst. Zu sehen in der App des Herstellers oder in den Browser-Einstellungen für Sicherheitsschlüssel.

help-creating = Einen Passkey erstellen
help-creating-1 = Öffnen Sie „Passkeys“ in Ihrem Konto und wählen Sie „Passkey erstellen“.
help-creating-2 = Ihr Browser fragt nach dem Aufbewahrungsort und nach Fingerabdruck, Gesicht oder Geräte-PIN.
help-creating-3 = Geben Sie ihm einen Namen, an dem Sie ihn erkennen. Das ist alles.
help-to-passkeys = Meine Passkeys öffnen

help-using = Einen Passkey verwenden
help-using-1 = Wählen Sie „Mit Passkey anmelden“.
help-using-2 = Bestätigen Sie mit Fingerabdruck, Gesicht oder Geräte-PIN. Sie sind angemeldet: ohne E-Mail, ohne Passwort, ohne Code.
help-using-autofill = Viele Browser bieten Ihren Passkey auch in einem kleinen Menü an, sobald Sie das E-Mail-Feld berühren.

help-qr = Wozu der QR-Code dient
help-qr-1 = Mit ihm verwenden Sie einen Passkey von Ihrem Telefon an einem anderen Computer. Wählen Sie „Telefon oder Sicherheitsschlüssel“, richten Sie die Kamera des Telefons auf den Code und bestätigen Sie am Telefon. Auf beiden muss Bluetooth eingeschaltet sein, damit nur ein Telefon in der Nähe antworten kann.
help-qr-2 = Scannen Sie nur einen Code, den Sie selbst aufgerufen haben, auf einem Bildschirm vor Ihnen. Niemand aus Ihrer Praxis oder von diesem Dienst wird Ihnen je einen schicken.

help-several = Mehrere Geräte
help-several-1 = Ein synchronisierter Passkey funktioniert auf allen Geräten desselben Passwortmanagers. Erstellen Sie für jedes andere Gerät einen eigenen. Am besten sind zwei Passkeys an zwei Orten: Dann sperrt ein verlorenes Gerät Sie nie aus.

help-deleting = Einen Passkey löschen
help-deleting-lead = Löschen Sie ihn zuerst unter „Passkeys“ in Ihrem Konto: Von da an öffnet er nichts mehr. Wo der Browser es kann, entfernt er auch die Kopie auf Ihrem Gerät. Wo nicht, entfernen Sie sie von Hand:
help-deleting-apple = Öffnen Sie die App „Passwörter“, wählen Sie diese Website und löschen Sie den Passkey.
help-deleting-google = Öffnen Sie passwords.google.com oder die Android-Einstellungen unter „Passwörter, Passkeys & Konten“, wählen Sie diese Website und löschen Sie den Passkey.
help-deleting-windows = Öffnen Sie Einstellungen → Konten → Passkeys, wählen Sie „…“ neben dieser Website und löschen Sie den Passkey.
help-deleting-managers = Öffnen Sie den Eintrag dieser Website, bearbeiten Sie ihn und löschen Sie darin den Passkey.
help-deleting-keys = Verwenden Sie die App des Herstellers oder die Browser-Einstellungen für Sicherheitsschlüssel. Sie können ihn auch lassen: Er öffnet nichts mehr.

help-sharing = Einen Passkey teilen
help-sharing-1 = Bitte nicht. Ein Passkey steht für eine Person, und was mit ihm geschieht, wird unter ihrem Namen festgehalten. Kolleginnen und Kollegen bekommen ein eigenes Konto.

help-lost = Wenn Sie ein Gerät verlieren
help-lost-1 = Melden Sie sich mit einem anderen Passkey an, öffnen Sie „Passkeys“ in Ihrem Konto und löschen Sie den auf dem verlorenen Gerät. Die Anmeldungen, die mit ihm begonnen haben, enden sofort. Solange Ihre Bildschirmsperre unbekannt ist, kann niemand etwas mit ihm anfangen.
help-lost-2 = War es Ihr einziger Passkey, bitten Sie die Administration Ihrer Praxis, ihn zu entfernen. Danach kommen Sie mit dem Passwort hinein und können einen neuen erstellen.

help-forgot-password = Wenn Sie Ihr Passwort vergessen
help-forgot-password-1 = Wenn Sie einen Passkey haben, brauchen Sie das Passwort nicht: Wählen Sie „Mit Passkey anmelden“.
help-forgot-password-2 = Ohne Passkey wenden Sie sich bitte an die Administration Ihrer Praxis. Sie kann Ihnen wieder Zugang geben.

help-trouble = Probleme beim Anmelden
help-trouble-cancelled = Das Fenster des Browsers hat sich von selbst geschlossen
help-trouble-cancelled-answer = Es wartet nur einige Minuten. Es ist nichts verloren: Drücken Sie die Schaltfläche noch einmal.
help-trouble-none = Es wird kein Passkey angeboten
help-trouble-none-answer = Er liegt auf einem anderen Gerät. Wählen Sie „Telefon oder Sicherheitsschlüssel“ oder melden Sie sich mit E-Mail und Passwort an.
help-trouble-gone = „Dieser Passkey ist hier nicht mehr registriert“
help-trouble-gone-answer = Er wurde in Ihrem Konto gelöscht, aber die Kopie ist noch auf Ihrem Gerät. Verwenden Sie einen anderen und entfernen Sie diese Kopie wie unter „Einen Passkey löschen“ beschrieben.
help-trouble-old-browser = Der Browser unterstützt keine Passkeys
help-trouble-old-browser-answer = Aktualisieren Sie ihn oder verwenden Sie ein aktuelles Safari, Chrome, Edge oder Firefox.
help-trouble-locked-out = Nichts davon hilft
help-trouble-locked-out-answer = Bitte wenden Sie sich an die Administration Ihrer Praxis. Dort kennt man Sie und kann Ihnen wieder Zugang geben.

help-questions = Häufige Fragen
help-question-fingerprint = Bekommt jemand meinen Fingerabdruck oder mein Gesicht?
help-question-fingerprint-answer = Nein. Ihr Gerät prüft beides selbst und teilt uns nur mit, dass Sie erkannt wurden.
help-question-phishing = Warum ist das sicherer als ein gutes Passwort?
help-question-phishing-answer = Es gibt nichts zu erraten und nichts preiszugeben. Ein Passkey antwortet nur der echten Adresse; auf einer gefälschten Seite funktioniert er einfach nicht.
help-question-shared-computer = Und der Computer am Empfang, den wir alle nutzen?
help-question-shared-computer-answer = Verwenden Sie dort den Passkey auf Ihrem Telefon oder einen Sicherheitsschlüssel, und melden Sie sich ab, wenn Sie gehen. Bewahren Sie Ihren Passkey nicht auf einem Computer auf, den andere entsperren können.
help-question-password-still = Brauche ich mein Passwort noch?
help-question-password-still-answer = Nicht, um sich mit einem Passkey anzumelden. Behalten Sie es trotzdem: Es hilft, wenn alle Passkeys verloren sind.
help-question-no-passkey-device = Mein Gerät kann keine Passkeys. Was nun?
help-question-no-passkey-device-answer = Verwenden Sie Ihr Telefon per QR-Code, einen Sicherheitsschlüssel oder E-Mail und Passwort.
help-question-private = Sieht meine Praxis meine anderen Passkeys?
help-question-private-answer = Nein. Dieser Dienst kennt nur die Passkeys, die Sie hier erstellt haben, und sieht nicht, was sonst in Ihrem Passwortmanager liegt.

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
verify = Bestätigen
use-passkey-instead = Stattdessen Passkey verwenden
use-recovery-code = Wiederherstellungscode verwenden
start-over = Von vorn beginnen
back-to-log-in = Zurück zur Anmeldung
back-to-app = Zurück zu { $app }
label-code = Bestätigungscode
label-recovery-code = Wiederherstellungscode
label-new-password = Neues Passwort
label-new-email = Neue E-Mail-Adresse
nav-two-factor = Zwei-Faktor
nav-sessions = Geräte
nav-apps = Anwendungen
nav-activity = Aktivitäten
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
sign-in-needs-passkey = { $app } verlangt hier einen Passkey.
sign-in-needs-second-factor = { $app } verlangt hier einen Passkey oder Ihr Passwort und einen Code.
sign-in-create-first = Sie haben keinen? Erstellen Sie zuerst einen Passkey
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
use-code-title = Code eingeben
use-code-lead = Ihr Passwort stimmt. Bitte geben Sie die sechs Ziffern ein, die Ihre Code-App für dieses Konto zeigt.
use-recovery-title = Wiederherstellungscode verwenden
use-recovery-lead = Geben Sie einen der Codes ein, die Sie beim Einrichten aufbewahrt haben. Jeder gilt einmal.
recovery-code-hint = Sechzehn Buchstaben und Ziffern; Bindestriche und Großschreibung spielen keine Rolle.
choose-title = Konto wählen
choose-lead = Sie sind angemeldet. Machen Sie so weiter, oder melden Sie sich mit einem anderen Konto an.
choose-lead-another = Sie sind angemeldet, aber die Anwendung erwartet hier jemand anderen.
choose-here = Weiter als { $name }
choose-organization-title = Organisation wählen
choose-organization-lead = Sie gehören zu mehreren Organisationen. Für welche möchten Sie { $app } jetzt nutzen?
no-member-title = Sie gehören nicht dazu
no-member-lead = { $app } fragt nach einer Organisation, zu der Sie mit diesem Konto nicht gehören.
no-member-next = Wenn Sie dort arbeiten, verwenden Sie das Konto, unter dem man Sie dort kennt, oder bitten Sie jemanden aus der Verwaltung um eine Einladung.
create-title = Konto erstellen
create-account-lead = Geben Sie Ihre E-Mail-Adresse ein. Wir senden Ihnen einen Link, mit dem Sie Ihr Konto bei { $brand } erstellen.
create-sent-title = Bitte schauen Sie in Ihr Postfach
create-sent = Wir haben Ihnen eine Nachricht an { $email } gesendet.
create-sent-more = Öffnen Sie den Link darin innerhalb einer Stunde, am besten auf diesem Gerät. Wenn nichts kommt, schauen Sie bitte in den Spam-Ordner.
create-have-one = Ich habe ein Konto: anmelden
create-name-title = Wie heißen Sie?
create-name-lead = So werden Anwendungen Sie ansprechen.
create-first-lead = Damit melden Sie sich künftig an, und mit diesem Schritt ist Ihr Konto da.
invitation-title = Zu { $organization } gehören?
invitation-by = { $inviter } lädt Sie ein.
invitation-as = Als: { $roles }
invitation-administrator = Sie würden außerdem, als Teil der Administration, die Personen der Organisation betreuen.
invitation-until = Gilt bis
invitation-what = Die Administration sieht Ihr Konto und hilft Ihnen, wenn Sie ausgesperrt sind. Die Organisation kann bei der Anmeldung mehr als ein Passwort verlangen.
invitation-join = Annehmen
invitation-refuse = Nein, danke
invitation-log-in = Anmelden und annehmen
invitation-account = Mit dieser Adresse gibt es ein Konto. Melden Sie sich dort an, dann können Sie annehmen.
invitation-disabled = Das Konto mit dieser Adresse ist gesperrt. Bitte fragen Sie die Administration der Organisation.
invitation-new = So werden Anwendungen Sie ansprechen. Im nächsten Schritt erstellen Sie einen Passkey, und Ihr Konto ist da.
invitation-other = Sie sind als { $here } angemeldet, die Einladung ist aber für { $email }. Für jemand anderen gilt sie nicht.
invitation-switch = Abmelden und als { $email } weiter
invitation-stay = Angemeldet bleiben, zu meinem Konto
invitation-again = Die Organisation verlangt mehr, als womit Sie sich angemeldet haben. Bitte melden Sie sich noch einmal an, mit Ihrem Passkey oder mit einem Code nach dem Passwort.
invitation-passkey = Die Organisation verlangt einen Passkey. Erstellen Sie zuerst einen; danach kommen Sie hierher zurück.
invitation-second-factor = Die Organisation verlangt mehr als ein Passwort. Erstellen Sie zuerst einen Passkey; danach kommen Sie hierher zurück. Sie können auch eine Code-App einrichten und den Link in der E-Mail noch einmal öffnen.
invitation-code-app = Code-App einrichten
invitation-member = Sie gehören schon zu { $organization }. Ihre Rollen bleiben, wie sie sind.
invitation-over-title = Diese Einladung kann nicht angenommen werden
invitation-used = Sie wurde schon angenommen. Wenn Sie das waren, melden Sie sich einfach an.
invitation-refused = Sie wurde abgelehnt. Wenn das ein Versehen war, bitten Sie um eine neue.
invitation-withdrawn = Sie wurde zurückgenommen. Bitte fragen Sie bei { $organization }, wenn Sie das für ein Versehen halten.
invitation-replaced = In Ihrem Postfach ist eine neuere Einladung zu { $organization }. Bitte verwenden Sie diese.
invitation-expired = Sie ist zu alt. Bitte bitten Sie { $organization } um eine neue.
invitation-organization-disabled = { $organization } ist zurzeit nicht aktiv. Bitte fragen Sie dort.
invitation-void = Wer Sie eingeladen hat, darf das nicht mehr, oder die Rolle gibt es nicht mehr. Bitte bitten Sie { $organization } um eine neue Einladung.
invitation-address-changed = Das eingeladene Konto hat inzwischen eine andere Adresse. Bitte bitten Sie { $organization } um eine Einladung an diese Adresse.
invitation-joined-title = Sie gehören jetzt zu { $organization }
invitation-joined = Willkommen! Alles ist erledigt.
create-password-instead = Kein Passkey auf diesem Gerät? Passwort verwenden
create-with-password = Konto mit Passwort erstellen
forgot-title = Passwort vergessen?
forgot-lead = Geben Sie die E-Mail-Adresse Ihres Kontos ein. Wir senden Ihnen einen Link für ein neues Passwort.
forgot-send = Link senden
forgot-only-password = Der Link ändert das Passwort und sonst nichts. Wenn Sie sich mit einem Passkey oder Code anmelden, brauchen Sie ihn danach wie bisher.
forgot-sent-title = Bitte schauen Sie in Ihr Postfach
forgot-sent = Wenn es ein Konto für { $email } gibt, ist eine E-Mail mit einem Link unterwegs.
forgot-sent-more = Der Link gilt einmal, 15 Minuten lang. Wenn nichts kommt, schauen Sie bitte in den Spam-Ordner oder fragen Sie die Administration Ihrer Praxis.
reset-title = Neues Passwort wählen
reset-lead = Am besten einige Wörter, die nur Sie so zusammenstellen würden.
reset-afterwards = Sie werden überall abgemeldet. Melden Sie sich dann mit dem neuen Passwort an, und mit Ihrem Passkey oder Code, falls Sie einen haben.
access-title = Willkommen zurück, { $name }
access-lead = Mit diesem Link können Sie einmal einen neuen Passkey erstellen. Danach melden Sie sich mit ihm an.
access-step-passkey = Sie erstellen einen Passkey auf dem Gerät vor Ihnen.
access-step-sessions = Sie werden überall sonst abgemeldet, damit niemand angemeldet bleibt, der es nicht sein soll.
access-not-you = Wenn Sie diesen Link nicht angefordert haben, schließen Sie bitte die Seite und sagen Sie es der Administration Ihrer Praxis.
enrol-title = Noch ein Schritt, bevor es weitergeht
enrol-lead = Ihre Organisation verlangt mehr als ein Passwort. Am einfachsten ist ein Passkey.
enrol-lead-application = { $app } verlangt mehr als ein Passwort. Am einfachsten ist ein Passkey.
enrol-code-app = Stattdessen Code-App verwenden
use-password-title = Ihr Passwort, bitte
use-password-lead = Ihr Passkey wurde erkannt, hat aber nicht geprüft, dass Sie es sind. Mit dem Passwort ist die Anmeldung vollständig.
offer-title-first = Nächstes Mal mit einer Berührung anmelden
offer-lead-first = Sie sind angemeldet. Möchten Sie einen Passkey, damit Sie das nächste Mal kein Passwort brauchen?
offer-title-this-device = Auch ein Passkey für dieses Gerät?
offer-lead-this-device = Sie haben sich mit einem Passkey von einem anderen Gerät angemeldet. Mit einem Passkey auf diesem Gerät brauchen Sie das nächste Mal Ihr Telefon nicht.
offer-title-recovery = Jetzt einen neuen Passkey erstellen
offer-lead-recovery = Sie haben sich mit einem Wiederherstellungscode angemeldet, und dieser Code ist nun verbraucht. Mit einem neuen Passkey haben Sie den einfachen Weg wieder.
offer-shared = Gemeinsam genutzter Computer: hier nicht fragen
passkey-reason-quick = Fingerabdruck, Gesicht oder Geräte-PIN statt eines Passworts.
passkey-reason-safe = Er funktioniert nur auf der echten Seite. Niemand kann ihn Ihnen entlocken.
passkey-reason-private = Ihr Fingerabdruck oder Gesicht verlässt nie Ihr Gerät.
signed-out-title = Sie sind abgemeldet
signed-out-lead = Schließen Sie an einem gemeinsam genutzten Computer bitte auch das Browserfenster.
signed-out-app = Sie können zu { $app } zurückkehren oder diese Seite schließen.
signed-out-again = Wieder anmelden
passkey-gone-title = Der Passkey ist gelöscht
passkey-gone-lead = Sie hatten sich mit ihm angemeldet und sind deshalb jetzt abgemeldet.

## Einrichten

setup-title = Willkommen. Richten wir Ihr Konto ein
setup-lead = Sie werden { $brand } betreiben und sich um Personen und Anwendungen kümmern.

## Meine Daten

overview-title = Meine Daten
overview-greeting = Schön, dass Sie da sind, { $name }.
overview-about-you = Über Sie
overview-language = Sprache
overview-time-zone = Zeitzone
overview-name = Name
overview-email = E-Mail
overview-role = Rolle
overview-since = Konto seit
overview-last-sign-in-passkey = Letzte Anmeldung, mit Passkey:
overview-last-sign-in-password = Letzte Anmeldung, mit Passwort:
overview-last-sign-in-password-code = Letzte Anmeldung, mit Passwort und Code:
overview-last-sign-in-password-recovery-code = Letzte Anmeldung, mit Wiederherstellungscode:
overview-last-sign-in-password-passkey = Letzte Anmeldung, mit Passwort und Passkey:

profile-edit = Name, Sprache oder Zeitzone ändern
profile-title = Über Sie
language-en = English
language-de = Deutsch
language-automatic = Wie im Browser eingestellt
time-zone-hint = Sie gilt für Zeiten in E-Mails. Die Seiten verwenden die Zeitzone Ihres Geräts.
email-change = E-Mail-Adresse ändern
email-verify = E-Mail-Adresse bestätigen
email-verified = bestätigt
email-unverified = noch nicht bestätigt
email-title = E-Mail-Adresse ändern
email-lead = Wir schreiben an beide Adressen, die alte und die neue. Die Änderung gilt, sobald beide zugestimmt haben.
email-current = Ihre jetzige E-Mail-Adresse: { $email }
email-pending = Eine Änderung auf { $email } wartet auf beide Postfächer. Eine neue Änderung ersetzt sie.
email-link-title = Ihre E-Mail-Adresse
email-link-confirm = Ist { $email } Ihre Adresse?
email-link-old = Soll Ihr Konto ab jetzt { $email } verwenden?
email-link-new = Soll Ihr Konto ab jetzt { $email } verwenden?
email-link-yes = Ja, bestätigen
email-link-not-you = Wenn Sie das nicht angefordert haben, schließen Sie bitte die Seite. Dann ändert sich nichts.
email-link-outcome-confirmed = Danke. { $email } ist bestätigt.
email-link-outcome-waiting = Danke. Nun muss noch das andere Postfach zustimmen: Bitte folgen Sie auch dort dem Link.
email-link-outcome-changed = Erledigt. Ihr Konto verwendet ab jetzt { $email }.
email-link-outcome-taken = { $email } kann für dieses Konto nicht verwendet werden. Bitte wählen Sie eine andere Adresse.
password-change = Passwort ändern
password-title = Passwort ändern
password-lead = Sie können es ändern, wann immer Sie möchten. Niemand zwingt Sie dazu.
password-lead-none = Ihr Konto hat noch kein Passwort. Mit einem Passkey brauchen Sie keines.
password-end-others = Mich auf allen anderen Geräten abmelden
password-rules = Beliebige Zeichen, auch Leerzeichen, ab fünfzehn so viele Sie möchten. Wir lehnen ab, was zuerst erraten wird: Passwörter, die viele Menschen verwenden, Ihren eigenen Namen und Ihre Adresse, Wiederholungen und Tastenreihen.

## Sicherheit beim Anmelden

safety-title = Ihr Zugang
safety-question = Wenn Sie morgen ein Gerät verlieren, kommen Sie dann noch hinein?
safety-title-create-passkey = Ihr Passwort ist Ihr einziger Zugang
safety-advice-create-passkey = Sie melden sich nur mit dem Passwort an, dem schwächsten Weg. Ein Passkey ist schneller und viel sicherer.
safety-title-add-another-way = Ein Verlust würde Sie aussperren
safety-advice-add-another-way = Erstellen Sie einen Passkey an einem weiteren Ort, etwa auf Ihrem Telefon oder in einem Passwortmanager. Auch Wiederherstellungscodes auf Papier helfen.
safety-title-add-second-passkey = Sie bräuchten einen Wiederherstellungscode
safety-advice-add-second-passkey = Sie haben { $left } Wiederherstellungscodes. Ein Passkey an einem weiteren Ort erspart Ihnen die Suche danach.
safety-title-make-recovery-codes = Gut geschützt
safety-advice-make-recovery-codes = Sie kämen weiterhin hinein. Wiederherstellungscodes auf Papier sind das letzte Sicherheitsnetz; erstellen Sie einen Satz.
safety-title-replace-recovery-codes = Nur noch wenige Wiederherstellungscodes
safety-advice-replace-recovery-codes =
    { $left ->
        [one] Sie haben noch einen Wiederherstellungscode. Bitte erstellen Sie einen neuen Satz.
       *[other] Sie haben noch { $left } Wiederherstellungscodes. Bitte erstellen Sie einen neuen Satz.
    }
safety-title-nothing = Gut geschützt
safety-advice-nothing = Sie kommen auch dann noch hinein, wenn Sie eines Ihrer Geräte verlieren.
safety-to-recovery-codes = Wiederherstellungscodes
safety-lose-passkey = Wenn Sie das Gerät mit „{ $name }“ verlieren
safety-lose-synced = Wenn Sie ein Gerät mit „{ $name }“ verlieren
safety-lose-code-app = Wenn Sie das Telefon mit Ihrer Code-App verlieren
safety-outlook-safe = Sie kommen noch hinein
safety-outlook-recovery-code-only = Nur mit Wiederherstellungscode
safety-outlook-locked-out = Sie sind ausgesperrt

## Passkeys

passkeys-title = Passkeys verwalten
passkeys-lead = Mit jedem Passkey melden Sie sich von den Geräten an, auf denen er aufbewahrt wird.
passkeys-full = Mehr Passkeys fasst ein Konto nicht. Löschen Sie einen, um Platz zu schaffen.
passkeys-only-one = Das ist Ihr einziger Passkey. Erstellen Sie einen weiteren auf einem zweiten Gerät, dann kommen Sie auch nach einem Verlust hinein.
passkeys-none-title = Noch keine Passkeys
passkeys-none-text = Mit einem Passkey melden Sie sich per Fingerabdruck, Gesicht oder Geräte-PIN an. Ihn zu erstellen dauert keine Minute.
passkey-this-session = Damit sind Sie angemeldet
passkey-this-device = Auf diesem Gerät
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
create-lead-setup = Ihr Konto ist bereit. Ein letzter Schritt macht es sicher und schnell: ein Passkey.
create-lead-policy = Ihre Organisation verlangt einen Passkey. Ihn zu erstellen dauert keine Minute; danach melden Sie sich mit ihm an.
create-lead-application = Die Anwendung, zu der Sie unterwegs sind, verlangt einen Passkey. Ihn zu erstellen dauert keine Minute; danach melden Sie sich mit ihm an.
create-lead-access = Erstellen Sie Ihren neuen Passkey auf diesem Gerät. Danach melden Sie sich mit ihm an.
create-lead-lost = Der verlorene Passkey ist entfernt. Erstellen Sie einen neuen auf dem Gerät vor Ihnen.
create-lead-recovery = Mit einem Wiederherstellungscode kommen Sie hinein, ändern damit hier aber nichts. Erstellen Sie zuerst einen Passkey; mit ihm bestätigen Sie und machen weiter.
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
delete-last-one = Es ist Ihr einziger Passkey: Danach öffnet Ihr Passwort das Konto, zusammen mit einem Code, wenn Sie eine Code-App verwenden.
delete-copy-title = Die Kopie auf Ihrem Gerät
delete-copy-text = Wo der Browser es kann, entfernt er auch die Kopie auf Ihrem Gerät. Wird sie danach noch angeboten, entfernen Sie sie von Hand:
delete-by-hand-phone = auf dem iPhone in der App „Passwörter“, auf Android in den Einstellungen unter „Passwörter, Passkeys & Konten“.
delete-by-hand-computer = unter Windows in Einstellungen → Konten → Passkeys, auf dem Mac in der App „Passwörter“.
delete-by-hand-password-manager = öffnen Sie im Passwortmanager den Eintrag dieser Website und löschen Sie dort den Passkey.
delete-by-hand-security-key = mit der App des Herstellers oder in den Browser-Einstellungen für Sicherheitsschlüssel.
delete-more-help = Mehr zum Löschen
delete-yes = Ja, löschen

lost-link = Gerät verloren
lost-title = Gerät verloren
lost-lead = Wählen Sie den Passkey, der darauf war. Wer das Gerät findet, kann dann nichts mehr mit ihm anfangen.
lost-which = Welcher Passkey war es?
lost-removed = Der Passkey wird entfernt und öffnet nichts mehr.
lost-sessions = Anmeldungen, die mit ihm begonnen haben, enden, auf jenem Gerät und überall sonst.
lost-new-one = Danach erstellen Sie auf diesem Gerät einen neuen Passkey.
lost-yes = Entfernen
lost-no-passkeys = Ihr Konto hat keine Passkeys. Falls auf dem verlorenen Gerät jemand angemeldet sein könnte, melden Sie es auf der Seite „Geräte“ ab.
lost-code-app = War Ihre Code-App darauf? Schalten Sie sie aus und richten Sie sie auf einem anderen Telefon neu ein:

## Zwei-Faktor und Wiederherstellungscodes

two-factor-title = Zwei-Faktor
two-factor-lead = Ein Passkey braucht nichts davon: Er ist zwei Faktoren in einem. Wenn Sie sich mit dem Passwort anmelden, macht ein Code aus einer App die Anmeldung sicher.
code-app-title = Code-App
code-app-is-on = Ihre Code-App ist eingeschaltet
code-app-is-off = Keine Code-App
code-app-on-text = Nach dem Passwort fragen wir nach den sechs Ziffern, die sie zeigt.
code-app-is-stopped = Ihre Code-App funktioniert nicht mehr
code-app-stopped-text = Nach Ihrem Passwort wurden hundert falsche Codes eingegeben. Ändern Sie Ihr Passwort, denn vielleicht kennt es jemand anderes; schalten Sie danach die Code-App aus und wieder ein. Haben Sie keinen Passkey, erstellen Sie zuerst einen: Mit ihm bestätigen Sie. Geht das nicht, wenden Sie sich an die Betreiber dieses Dienstes.
code-app-off-text = Eine App auf Ihrem Telefon zeigt jede halbe Minute einen neuen Code. Mit ihr kommen Sie auch wieder hinein, wenn Sie einen Passkey verlieren.
code-app-turn-on = Code-App einrichten
code-app-turn-off = Ausschalten
code-app-setup-title = Code-App einrichten
code-app-step-app = Öffnen Sie eine Code-App auf Ihrem Telefon, etwa die in Ihrem Passwortmanager, Google Authenticator oder Microsoft Authenticator.
code-app-step-scan = Scannen Sie damit diesen Code.
code-app-qr = QR-Code für Ihre Code-App
code-app-by-hand = Können Sie ihn nicht scannen?
code-app-secret = Tippen Sie diesen geheimen Schlüssel in die App:
code-app-open = Oder in einer App auf diesem Gerät öffnen
code-app-step-code = Geben Sie die sechs Ziffern ein, die jetzt in der App stehen.
code-app-off-title = Code-App ausschalten?
code-app-off-password-alone = Danach öffnet allein Ihr Passwort das Konto.
code-app-off-passkey-needed = Von da an brauchen Sie nach dem Passwort einen Passkey.
code-app-off-again = Um wieder Codes zu verwenden, richten Sie die App neu ein.
recovery-codes-title = Wiederherstellungscodes
recovery-codes-what = Zehn Codes auf Papier für den Tag, an dem alles andere verloren ist. Jeder gilt einmal, nach Ihrem Passwort.
recovery-codes-left =
    { $count ->
        [0] Sie haben keine Wiederherstellungscodes
        [one] Sie haben noch einen Wiederherstellungscode
       *[other] Sie haben noch { $count } Wiederherstellungscodes
    }
recovery-codes-few = Bitte erstellen Sie einen neuen Satz und bewahren Sie ihn sicher auf.
recovery-codes-enough = Bewahren Sie sie dort auf, wo Sie sie auch ohne Ihr Telefon finden.
recovery-codes-make = Wiederherstellungscodes erstellen
recovery-codes-replace = Neuen Satz erstellen
recovery-codes-replaces = Ein neuer Satz ersetzt den alten: Die alten Codes funktionieren dann nicht mehr.
recovery-codes-new-title = Ihre Wiederherstellungscodes
recovery-codes-new-lead = Die Codes werden nur jetzt angezeigt. Drucken Sie sie aus oder bewahren Sie die Datei sicher auf.
recovery-codes-print = Drucken
recovery-codes-download = Als Datei herunterladen
recovery-codes-keep = Nicht auf dem Telefon, das Sie verlieren könnten. Wer einen dieser Codes und Ihr Passwort hat, kommt hinein.

## Geräte, Anwendungen, Aktivitäten

sessions-title = Wo Sie angemeldet sind
sessions-lead = Alle Browser, die in Ihrem Konto angemeldet sind.
sessions-this-device = Dieses Gerät
sessions-unknown-browser = Ein Browser
sessions-unknown = nicht bekannt
sessions-network = Netzwerkadresse
sessions-begun = Angemeldet
sessions-seen = Zuletzt verwendet
sessions-apps = Anwendungen
sessions-end = Dort abmelden
sessions-end-others = Überall sonst abmelden
method-passkey = mit Passkey
method-password = mit Passwort
method-password-code = mit Passwort und Code
method-password-recovery-code = mit Passwort und Wiederherstellungscode
method-password-passkey = mit Passwort und Passkey
apps-title = Anwendungen
apps-lead = Diese Anwendungen wissen, wer Sie sind, weil Sie sich von hier aus bei ihnen angemeldet haben.
apps-none = Noch weiß keine Anwendung, wer Sie sind.
apps-may = Darf
apps-since = Zuletzt erlaubt
apps-open = Öffnen
apps-disconnect = Trennen
apps-disconnect-note = Eine getrennte Anwendung kann wieder fragen, wenn Sie sich das nächste Mal bei ihr anmelden.
activity-title = Aktivitäten
activity-lead = Was mit Ihrem Konto geschehen ist, das Neueste zuerst.
activity-not-you = Waren Sie etwas davon nicht selbst? Ändern Sie, was davon betroffen ist, und sagen Sie es der Administration Ihrer Praxis:
activity-none = Noch nichts.
activity-older = Ältere
activity-by-others = durch die Administration
activity-erased = von wo, wurde gelöscht
activity-operator-set-up = Dienst eingerichtet
activity-user-created = Konto erstellt
activity-user-imported = Konto aus einem anderen System übernommen
activity-user-disabled = Konto gesperrt
activity-user-enabled = Konto wieder freigegeben
activity-service-role-set = Rechte über den Dienst geändert
activity-organization-created = Organisation angelegt
activity-organization-changed = Organisation geändert
activity-organization-enabled = Organisation gesperrt oder freigegeben
activity-member-added = Mitglied einer Organisation geworden
activity-member-roles-set = Rollen in einer Organisation geändert
activity-member-removed = Nicht mehr Mitglied einer Organisation
activity-invitation-made = In eine Organisation eingeladen
activity-invitation-withdrawn = Einladung zurückgenommen
activity-invitation-accepted = Einladung angenommen
activity-invitation-refused = Einladung abgelehnt
activity-sign-up-requested = Jemand wollte mit Ihrer E-Mail-Adresse ein Konto erstellen
activity-signed-in = Angemeldet
activity-sign-in-failed = Anmeldung fehlgeschlagen
activity-signed-out = Abgemeldet
activity-passkey-added = Passkey erstellt
activity-passkey-renamed = Passkey umbenannt
activity-passkey-deleted = Passkey gelöscht
activity-passkey-counter-stood-still = Ein Passkey wurde vielleicht kopiert
activity-passkey-eligibility-changed = Ein Passkey beschreibt sich anders als bisher
activity-passkey-did-not-verify = Ein Passkey hat nicht geprüft, wer ihn verwendet
activity-passkeys-reset = Alle Passkeys entfernt
activity-two-factor-reset = Code-App und Wiederherstellungscodes entfernt
activity-factor-stopped = Ein Anmeldeweg wurde nach sehr vielen Fehlversuchen gesperrt
activity-code-app-turned-on = Code-App eingeschaltet
activity-code-app-turned-off = Code-App ausgeschaltet
activity-recovery-codes-made = Wiederherstellungscodes erstellt
activity-recovery-code-used = Wiederherstellungscode verwendet
activity-password-changed = Passwort geändert
activity-password-reset-requested = Link für ein neues Passwort angefordert
activity-password-unlocked = Passwort entsperrt
activity-email-change-requested = Änderung der E-Mail-Adresse angefordert
activity-email-changed = E-Mail-Adresse geändert
activity-email-confirmed = E-Mail-Adresse bestätigt
activity-profile-changed = Name, Sprache oder Zeitzone geändert
activity-policy-set = Regeln für die Anmeldung geändert
activity-sessions-ended = Auf anderen Geräten abgemeldet
activity-app-disconnected = Anwendung getrennt
activity-access-link-issued = Zugangslink erstellt
activity-access-link-used = Zugangslink verwendet
activity-enrolment-begun = Einrichtung eines Anmeldewegs begonnen
activity-consent-granted = Einer Anwendung Zugriff erlaubt
activity-tokens-issued = Bei einer Anwendung angemeldet
activity-tokens-revoked = Eine Anwendung hat ihren Zugriff beendet
activity-key-rotated = Ein Signaturschlüssel wurde gewechselt
activity-keys-replaced = Alle Signaturschlüssel wurden ersetzt
activity-token-exchanged = Eine Schnittstelle hat in Ihrem Namen bei einer anderen gehandelt
activity-sign-in-requested = Eine Anwendung hat von einem anderen Ort aus nach Ihnen gefragt
activity-sign-in-denied = Sie haben eine Anwendung abgelehnt, die nach Ihnen fragte
activity-person-vouched-for = Ein Dienst hat in Ihrem Namen gehandelt, weil ein anderer für Sie gebürgt hat
activity-code-replayed = Die Anmeldung einer Anwendung wurde missbraucht und beendet
activity-refresh-token-replayed = Der Zugriff einer Anwendung wurde missbraucht und beendet
activity-client-created = Anwendung registriert
activity-client-registered = Anwendung hat sich registriert
activity-client-changed = Anwendung geändert
activity-client-removed = Anwendung entfernt
activity-client-enabled = Anwendung deaktiviert oder aktiviert
activity-client-secret-made = Neues Geheimnis für eine Anwendung
activity-client-secret-expires = Geheimnis einer Anwendung läuft ab
activity-client-secret-removed = Geheimnis einer Anwendung entfernt
activity-registration-token-made = Token für Registrierungen erstellt
activity-registration-token-removed = Token für Registrierungen zurückgenommen
activity-client-declared = Anwendung geändert
activity-claims-previewed = Es wurde angesehen, was eine Anwendung erfährt
activity-sign-in-tried = Die Anmeldung bei einer Anwendung wurde ausprobiert
trial-title = Was { $app } erführe
trial-text = Das war eine Probe. Der Anwendung wurde nichts gesendet, und nichts davon wird aufbewahrt.
trial-person = Angemeldet
trial-scopes = Scopes, die sie hätte
trial-refresh = Refresh-Token
trial-refresh-yes = Sie erhielte eines.
trial-refresh-no = Sie erhielte keines.
trial-id-token = ID-Token
trial-userinfo = Userinfo
trial-error-title = { $app } würde abgewiesen
trial-error-text = Das war eine Probe. Der Anwendung wurde nichts gesendet. Sie hätte erfahren:
trial-back = Zurück zur Anwendung
admin-app-trial = Anmeldung ausprobieren
admin-app-trial-text = Sie melden sich bei dieser Anwendung an wie alle, mit jeder Seite und Regel auf dem Weg. Am Ende sehen Sie, was sie über Sie erführe. Gesendet wird ihr nichts.
admin-app-trial-organization = Organisation, falls sie eine nennt (ihr Kurzname)
admin-app-trial-anew = Neu anmelden
admin-app-trial-start = Beginnen
admin-app-trial-impossible = Bei dieser Anwendung meldet sich niemand im Browser an, oder sie ist gesperrt.
activity-audit-read = Das Protokoll wurde gelesen
activity-audit-trimmed = Alte Einträge des Protokolls wurden entfernt
activity-delivery-retried = Eine Zustellung wurde noch einmal versucht
activity-delivery-given-up = Eine Zustellung wurde aufgegeben
activity-mail-tried = Eine Mail wurde zur Probe gesendet
activity-backup-made = Eine Sicherung der Datenbank wurde gemacht
activity-database-restored = Die Datenbank wurde aus einer Sicherung wiederhergestellt
activity-store-moved = Alles wurde in eine andere Datenbank übertragen

## Einer Anwendung Zugriff erlauben

consent-title = Zugriff erlauben?
consent-lead = { $app } möchte:
consent-as = Sie sind angemeldet als { $email }.
consent-for = Sie handeln für { $organization }.
scope-openid = Wissen, dass Sie es sind
scope-profile = Ihren Namen sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-phone = Ihre Telefonnummer sehen
scope-address = Ihre Postadresse sehen
scope-offline_access = Verbunden bleiben, während Sie abwesend sind
scope-organizations = Ihre Organisation und Ihre Rollen dort sehen
scope-resource = In Ihrem Namen handeln bei
details-title = Im Einzelnen:
details-actions = Darf
details-datatypes = Arten von Daten
details-privileges = Mit den Rechten
details-identifier = Betrifft
details-locations = Wo
details-yes = ja
details-no = nein
device-title = Gerät verbinden
device-lead = Geben Sie den Code ein, den das Gerät anzeigt.
label-device-code = Code des Geräts
failure-device-unknown = Dieser Code stimmt nicht oder ist abgelaufen. Vergleichen Sie ihn mit dem Gerät; nach zehn Minuten zeigt es einen neuen.
failure-device-no-member = Dieses Gerät fragt nach einer Organisation, zu der Sie mit diesem Konto nicht gehören. Wenn Sie dort arbeiten, melden Sie sich mit dem Konto an, unter dem man Sie dort kennt.
failure-device-choose = Bitte sagen Sie, für welche Organisation Sie das Gerät nutzen.
failure-device-too-weak = Hier wird mehr als ein Passwort verlangt. Legen Sie erst in Ihrem Konto einen Passkey an und geben Sie den Code dann noch einmal ein.
failure-device-wait = Es wurden zu viele Codes versucht. Bitte warten Sie zehn Minuten.
device-consent-title = Dieses Gerät zulassen?
device-consent-lead = { $app } möchte:
device-organization = Für welche Organisation?
device-consent-compare = Lassen Sie es nur zu, wenn das Gerät vor Ihnen steht und diesen Code anzeigt:
device-consent-when = Angefragt
device-deny = Ablehnen
device-allowed-title = Das Gerät ist verbunden
device-allowed-text = Sie können dorthin zurückkehren und diese Seite schließen.
device-denied-title = Das Gerät wurde abgelehnt
device-denied-text = Es erhält nichts. Haben Sie das nicht veranlasst, ist weiter nichts zu tun.
device-manage = Verbundene Anwendungen ansehen
requests-title = Jemand fragt nach Ihnen
requests-lead = Diese Anwendungen bitten Sie, sich bei ihnen anzumelden. Sehen Sie sich jede Anfrage an, bevor Sie antworten.
requests-none = Im Moment fragt keine Anwendung nach Ihnen. Eine Anfrage wartet nur wenige Minuten.
requests-look = Ansehen
requests-again = Noch einmal nachsehen
request-title = Dort anmelden?
request-lead = { $app } fragt von einem anderen Ort aus nach Ihnen und möchte:
request-compare = Lassen Sie es nur zu, wenn Sie das erwarten und dort dieselben Worte sehen:
request-expected = Lassen Sie es nur zu, wenn Sie das erwarten und es Ihnen eben angekündigt wurde.
request-when = Angefragt
request-deny = Ablehnen
request-needs-second-factor = Die Anwendung verlangt mehr als ein Passwort. Bitte melden Sie sich noch einmal mit einem Code oder einem Passkey an.
request-needs-passkey = Die Anwendung verlangt einen Passkey. Bitte melden Sie sich noch einmal mit einem an.
request-confirm = Noch einmal anmelden
request-allowed-title = Sie sind dort angemeldet
request-allowed-text = Die Anwendung erfährt es gleich. Sie können diese Seite schließen; melden Sie sich hier ab, wenn dies nicht Ihr eigenes Gerät ist.
request-denied-title = Die Anfrage wurde abgelehnt
request-denied-text = Die Anwendung erhält nichts. Haben Sie das nicht erwartet, ist weiter nichts zu tun.
failure-request-no-member = Die Anwendung fragt nach einer Organisation, zu der Sie mit diesem Konto nicht gehören. Wenn Sie dort arbeiten, melden Sie sich mit dem Konto an, unter dem man Sie dort kennt.
failure-request-choose = Bitte sagen Sie, für welche Organisation Sie sich anmelden.
failure-request-too-weak = Hier wird mehr als ein Passwort verlangt. Legen Sie erst in Ihrem Konto einen Passkey an und öffnen Sie die Anfrage dann noch einmal.
request-organization = Für welche Organisation melden Sie sich an?
failure-request-gone = Diese Anfrage wartet nicht mehr: Sie wurde beantwortet oder ist abgelaufen.
overview-requests =
    { $count ->
        [one] Eine Anwendung fragt nach Ihnen.
       *[other] { $count } Anwendungen fragen nach Ihnen.
    }
overview-requests-look = Ansehen

## Abmelden und weiterleiten

farewell-title = Abmeldung
farewell-lead = Ihre Anwendungen werden benachrichtigt.
logout-title = Von { $brand } abmelden?
logout-lead = Um Ihre Anwendungen zu nutzen, müssen Sie sich danach neu anmelden.
logout-lead-app = { $app } möchte Ihre Anmeldung hier beenden.
form-post-title = Einen Moment, bitte
form-post-lead = Sie werden zur Anwendung zurückgebracht. Falls nichts geschieht, drücken Sie bitte „Weiter“.
continue-lead = Es geht sofort weiter. Falls nichts geschieht, drücken Sie bitte „Weiter“.

## Hinweise

notice-signed-out = Sie sind abgemeldet.
notice-session-ended = Ihre Anmeldung ist abgelaufen. Bitte melden Sie sich neu an.
notice-other-person = Die Anwendung fragt nach jemand anderem als der Person, die sich eben angemeldet hat. Melden Sie sich als diese Person an, oder brechen Sie ab.
notice-too-weak = Sie sind angemeldet, aber die Anwendung verlangt mehr. Bitte melden Sie sich noch einmal an.
notice-created = Ihr Passkey ist gespeichert. Ab jetzt können Sie sich mit ihm anmelden.
notice-deleted = Der Passkey ist gelöscht.
notice-renamed = Der neue Name ist gespeichert.

notice-passkey-ready = Ihr Zugang ist bereit. Bitte melden Sie sich damit an.
notice-password-saved = Ihr neues Passwort ist gespeichert.
notice-profile-saved = Ihre Änderungen sind gespeichert.
notice-confirmation-sent = Eine E-Mail mit einem Link ist zu Ihnen unterwegs.
notice-email-change-sent = E-Mails sind an beide Adressen unterwegs. Bitte folgen Sie in jeder dem Link.
notice-code-app-on = Ihre Code-App ist eingeschaltet.
notice-code-app-off = Ihre Code-App ist ausgeschaltet.
notice-logged-out-there = Sie sind dort abgemeldet.
notice-others-logged-out = Sie sind überall sonst abgemeldet.
notice-disconnected = Die Anwendung ist getrennt.

## Was geschehen ist, und der eine nächste Schritt

failure-wait =
    { $seconds ->
        [one] Das war einige Male hintereinander falsch. Bitte warten Sie einen Moment und versuchen Sie es noch einmal.
       *[other] Das war einige Male hintereinander falsch. Bitte warten Sie { $seconds } Sekunden und versuchen Sie es noch einmal, oder verwenden Sie einen Passkey.
    }
failure-code-wrong = Dieser Code stimmt nicht oder wurde schon verwendet. Bitte geben Sie den ein, den Ihre App jetzt zeigt.
failure-recovery-code-wrong = Dieser Wiederherstellungscode stimmt nicht oder wurde schon verwendet. Bitte versuchen Sie es mit einem anderen.
failure-password-guessable = Dieses Passwort wird zuerst erraten: Viele verwenden es oder ein ähnliches, oder es folgt einem Muster wie einer Wiederholung, einer Tastenreihe oder einem Datum. Bitte wählen Sie andere Wörter.
failure-email-same = Das ist bereits Ihre E-Mail-Adresse.
failure-email-too-often = In der letzten Stunde wurden schon mehrere E-Mails verschickt. Bitte sehen Sie im Postfach nach, oder versuchen Sie es in einer Stunde noch einmal.
failure-lost-none-chosen = Bitte wählen Sie den Passkey, der auf dem verlorenen Gerät war.

failure-wrong-credentials = E-Mail oder Passwort stimmt nicht. Bitte prüfen Sie beides und versuchen Sie es noch einmal.
failure-too-busy = Gerade melden sich sehr viele Menschen an. Bitte warten Sie einen Moment und versuchen Sie es noch einmal.
failure-password-missing = Bitte geben Sie Ihr Passwort ein.
failure-email-invalid = Bitte geben Sie eine E-Mail-Adresse ein, etwa name@example.com.
failure-email-domain = Konten können hier nur mit Adressen bestimmter Organisationen erstellt werden. Bitte verwenden Sie Ihre dienstliche Adresse oder fragen Sie die Administration Ihrer Praxis.
failure-link-expired = Dieser Link gilt nicht mehr, oder das Konto gibt es schon. Bitte melden Sie sich an oder fordern Sie einen neuen Link an.
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
error-return-mismatch-title = Diese Abmeldung funktioniert nicht
error-return-mismatch-text = Die Anwendung wollte Sie an eine Adresse schicken, die für sie nicht registriert ist. Sie sind noch angemeldet; melden Sie sich auf Ihrer Kontoseite ab.
error-return-mismatch-next = Bitte sagen Sie es den Betreibern der Anwendung.
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
error-last-way-in-text = Ohne ihn könnten Sie sich nicht mehr anmelden.
error-last-way-in-next = Erstellen Sie zuerst einen weiteren Passkey oder sorgen Sie dafür, dass Ihr Passwort funktioniert, und versuchen Sie es dann noch einmal.
error-link-expired-title = Dieser Link funktioniert nicht mehr
error-link-expired-text = Er wurde schon verwendet, ist zu alt, oder seit er erstellt wurde, hat sich etwas geändert.
error-link-expired-next = Bitte fordern Sie einen neuen an.
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
help-lost-1 = Melden Sie sich auf einem anderen Weg an: mit einem anderen Passkey, mit Passwort und einem Code aus Ihrer App oder mit Passwort und einem Wiederherstellungscode. Öffnen Sie „Passkeys“ in Ihrem Konto, wählen Sie „Gerät verloren“ und dann den Passkey. Er wird entfernt, und die Anmeldungen, die mit ihm begonnen haben, enden sofort.
help-lost-2 = Gibt es keinen anderen Weg, fragen Sie bitte die Administration Ihrer Praxis. Sie kann den verlorenen Passkey entfernen oder Ihnen einen Link geben, mit dem Sie einen neuen erstellen. Sind Sie selbst die einzige Person in der Administration, wenden Sie sich an die Betreiber dieses Dienstes.

help-forgot-password = Wenn Sie Ihr Passwort vergessen
help-forgot-password-1 = Wenn Sie einen Passkey haben, brauchen Sie das Passwort nicht: Wählen Sie „Mit Passkey anmelden“.
help-forgot-password-2 = Sonst wählen Sie „Passwort vergessen?“ auf der Anmeldeseite. Sie bekommen eine E-Mail mit einem Link für ein neues Passwort. Der Link ändert sonst nichts: Ein Code oder Passkey ist danach wie bisher nötig.

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
help-trouble-locked-out-answer = Verwenden Sie nach dem Passwort einen Ihrer Wiederherstellungscodes oder fragen Sie die Administration Ihrer Praxis. Dort kennt man Sie und kann Ihnen wieder Zugang geben.

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

## E-Mails

mail-greeting = Guten Tag { $name }
mail-greeting-stranger = Guten Tag
mail-when = Wann:
mail-where = Wo:
mail-link-note-minutes =
    { $minutes ->
        [60] Der Link gilt einmal, eine Stunde lang.
       *[other] Der Link gilt einmal, { $minutes } Minuten lang.
    }
mail-link-note-days =
    { $days ->
        [1] Der Link gilt einmal, einen Tag lang.
       *[other] Der Link gilt einmal, { $days } Tage lang.
    }
mail-not-asked = Wenn Sie das nicht angefordert haben, brauchen Sie nichts zu tun: Ohne den Link ändert sich nichts.
mail-not-you = Waren Sie das nicht? Melden Sie sich an, prüfen Sie Ihre Passkeys und Geräte, ändern Sie Ihr Passwort und sagen Sie es der Administration Ihrer Praxis:
mail-footer = Diese E-Mail kommt von { $brand }, weil sie Ihre Anmeldung betrifft. Bitte antworten Sie nicht darauf.
mail-confirm-email-subject = Bitte bestätigen Sie Ihre E-Mail-Adresse
mail-confirm-email-text = Bitte bestätigen Sie, dass dies Ihre Adresse ist, damit wir Sie erreichen, wenn es darauf ankommt.
mail-confirm-email-button = E-Mail-Adresse bestätigen
mail-sign-up-subject = Ihr neues Konto
mail-sign-up-text = Jemand, wahrscheinlich Sie, möchte mit dieser Adresse ein Konto bei { $brand } erstellen. Hier geht es weiter: Sie nennen Ihren Namen und erstellen einen Passkey.
mail-sign-up-button = Mein Konto erstellen
mail-sign-up-again-subject = Sie haben schon ein Konto
mail-sign-up-again-text = Jemand, wahrscheinlich Sie, wollte mit dieser Adresse ein Konto bei { $brand } erstellen. Es gibt schon eines, Sie können sich also anmelden. Wenn Sie nicht mehr wissen, wie, hilft die Anmeldeseite.
mail-sign-up-again-button = Anmelden
mail-account-made-subject = Willkommen bei { $brand }
mail-account-made-text = Ihr Konto bei { $brand } ist da, und dies ist die Adresse, unter der es bekannt ist.
mail-invited-by-subject = { $inviter } lädt Sie zu { $organization } ein
mail-invited-by-text = { $inviter } möchte, dass Sie bei { $brand } zu { $organization } gehören. Hier geht es weiter: Sie sagen zu, mit dem Konto, das Sie haben, oder mit einem neuen.
mail-invited-by-button = Einladung ansehen
mail-invited-subject = Sie sind zu { $organization } eingeladen
mail-invited-text = Sie werden gebeten, bei { $brand } zu { $organization } zu gehören. Hier geht es weiter: Sie sagen zu, mit dem Konto, das Sie haben, oder mit einem neuen.
mail-invited-button = Einladung ansehen
mail-joined-subject = Sie gehören jetzt zu { $organization }
mail-joined-text = Mit Ihrem Konto bei { $brand } gehören Sie ab jetzt zu { $organization }. Deren Administration sieht Ihr Konto und hilft Ihnen, wenn Sie ausgesperrt sind.
mail-reset-password-subject = Ihr neues Passwort
mail-reset-password-text = Jemand, wahrscheinlich Sie, hat ein neues Passwort für Ihr Konto bei { $brand } angefordert. Das ändert das Passwort und sonst nichts: Ein Passkey oder Code ist danach wie bisher nötig.
mail-reset-password-button = Neues Passwort wählen
mail-password-changed-subject = Ihr Passwort wurde geändert
mail-password-changed-text = Das Passwort Ihres Kontos bei { $brand } wurde geändert.
mail-passkey-added-subject = Ein Passkey wurde hinzugefügt
mail-passkey-added-text = Der Passkey „{ $passkey }“ wurde Ihrem Konto bei { $brand } hinzugefügt. Wer ihn hat, kann sich damit anmelden.
mail-passkey-upgraded-subject = Ihr Browser hat für Sie einen Passkey erstellt
mail-passkey-upgraded-text = Als Sie sich mit dem Passwort angemeldet haben, hat Ihr Passwortmanager den Passkey „{ $passkey }“ für { $brand } erstellt. Ab jetzt können Sie sich mit ihm anmelden. In Ihrem Konto können Sie ihn ansehen, umbenennen oder löschen.
mail-passkey-removed-subject = Ein Passkey wurde entfernt
mail-passkey-removed-text = Der Passkey „{ $passkey }“ wurde aus Ihrem Konto bei { $brand } entfernt. Er öffnet nichts mehr.
mail-passkey-renamed-subject = Ein Passkey wurde umbenannt
mail-passkey-renamed-text = Der Passkey „{ $before }“ Ihres Kontos bei { $brand } heißt jetzt „{ $passkey }“.
mail-passkeys-reset-subject = Ihre Passkeys wurden entfernt
mail-passkeys-reset-text = Die Administration hat alle Passkeys Ihres Kontos bei { $brand } entfernt und Sie überall abgemeldet. Melden Sie sich mit Ihrem Passwort an und erstellen Sie einen neuen Passkey.
mail-code-app-on-subject = Ihre Code-App wurde eingeschaltet
mail-code-app-on-text = Ab jetzt verlangt { $brand } nach Ihrem Passwort noch einen Code aus Ihrer App.
mail-code-app-off-subject = Ihre Code-App wurde ausgeschaltet
mail-code-app-off-text = { $brand } verlangt keine Codes aus Ihrer App mehr.
mail-recovery-codes-made-subject = Sie haben neue Wiederherstellungscodes
mail-recovery-codes-made-text = Für Ihr Konto bei { $brand } wurde ein neuer Satz Wiederherstellungscodes erstellt. Codes aus einem älteren Satz funktionieren nicht mehr.
mail-two-factor-reset-subject = Ihre Code-App und Ihre Wiederherstellungscodes wurden entfernt
mail-two-factor-reset-text = Die Administration hat Ihre Code-App und Ihre Wiederherstellungscodes, soweit Sie welche hatten, aus Ihrem Konto bei { $brand } entfernt und Sie überall abgemeldet.
mail-password-unlocked-subject = Ihr Passwort funktioniert wieder
mail-password-unlocked-text = Nach sehr vielen Fehlversuchen funktionierte Ihr Passwort für { $brand } nicht mehr. Die Administration hat es wieder freigegeben.
mail-factor-stopped-subject =
    { $factor ->
        [password] Ihr Passwort funktioniert nicht mehr
        [code-app] Ihre Code-App funktioniert nicht mehr
       *[other] Ihre Wiederherstellungscodes funktionieren nicht mehr
    }
mail-factor-stopped-text =
    { $factor ->
        [password] Für Ihr Konto bei { $brand } wurde hundertmal hintereinander ein falsches Passwort eingegeben. Das Passwort öffnet das Konto deshalb nicht mehr; Passkeys funktionieren wie bisher. Für ein neues Passwort wählen Sie auf der Anmeldeseite „Passwort vergessen?“.
        [code-app] Jemand, der Ihr Passwort für { $brand } kennt, hat hundertmal hintereinander einen falschen Code eingegeben. Die Codes Ihrer App öffnen das Konto deshalb nicht mehr. Melden Sie sich mit einem Passkey an, oder mit einem Wiederherstellungscode und erstellen dann zuerst einen Passkey. Ändern Sie danach Ihr Passwort, und schalten Sie die Code-App aus und wieder ein. Haben Sie beides nicht, wenden Sie sich an die Betreiber des Dienstes.
       *[other] Jemand, der Ihr Passwort für { $brand } kennt, hat hundertmal hintereinander einen falschen Wiederherstellungscode eingegeben. Ihre Wiederherstellungscodes öffnen das Konto deshalb nicht mehr. Melden Sie sich mit einem Passkey oder Ihrer Code-App an, ändern Sie Ihr Passwort, und erstellen Sie danach neue Wiederherstellungscodes. Haben Sie beides nicht, wenden Sie sich an die Betreiber des Dienstes.
    }
mail-recovery-code-used-subject = Ein Wiederherstellungscode wurde verwendet
mail-recovery-code-used-text =
    { $left ->
        [0] Jemand hat sich in Ihrem Konto bei { $brand } mit Ihrem letzten Wiederherstellungscode angemeldet. Bitte erstellen Sie einen neuen Satz.
        [one] Jemand hat sich in Ihrem Konto bei { $brand } mit einem Wiederherstellungscode angemeldet. Einer ist noch übrig.
       *[other] Jemand hat sich in Ihrem Konto bei { $brand } mit einem Wiederherstellungscode angemeldet. { $left } sind noch übrig.
    }
mail-sign-in-request-subject = { $app } fragt nach Ihnen
mail-sign-in-request-text = { $app } bittet Sie, sich von einem anderen Ort aus dort anzumelden. Wenn Sie das erwarten, öffnen Sie die Seite unten, melden Sie sich dort wie gewohnt an und vergleichen Sie, was sie zeigt, bevor Sie es zulassen. Durch das Öffnen wird nichts zugelassen, und eine Anfrage wartet nur wenige Minuten.
mail-sign-in-request-button = Anfrage ansehen
mail-new-device-subject = Eine Anmeldung mit einem neuen Gerät
mail-new-device-text = Jemand hat sich in Ihrem Konto bei { $brand } angemeldet, in einem Browser, den wir bei Ihnen noch nicht gesehen haben.
mail-change-email-old-subject = Bitte bestätigen Sie Ihre neue E-Mail-Adresse
mail-change-email-old-text = Ihr Konto bei { $brand } soll ab jetzt { $address } verwenden. Bitte stimmen Sie hier zu; auch das neue Postfach bekommt eine E-Mail.
mail-change-email-old-button = Der Änderung zustimmen
mail-change-email-new-subject = Bitte bestätigen Sie Ihre neue E-Mail-Adresse
mail-change-email-new-text = Ein Konto bei { $brand } soll ab jetzt { $address } verwenden. Bitte stimmen Sie hier zu; auch das alte Postfach bekommt eine E-Mail.
mail-change-email-new-button = Der Änderung zustimmen
mail-email-changed-subject = Ihre E-Mail-Adresse wurde geändert
mail-email-changed-text = Ihr Konto bei { $brand } verwendet ab jetzt { $address }.
mail-access-link-subject = Für Sie wurde ein Zugangslink erstellt
mail-access-link-text = Die Administration von { $brand } hat einen Link erstellt, mit dem Sie einen neuen Passkey erstellen können. Er gilt einmal, { $minutes } Minuten lang, und Sie bekommen ihn von der Administration.
mail-access-link-sent-subject = Ihr Weg zurück
mail-access-link-sent-text = Die Administration von { $brand } schickt Ihnen diesen Link, mit dem Sie einen Passkey erstellen. Wenn Sie ihn öffnen, werden Sie überall sonst abgemeldet. Sie haben ihn nicht erwartet? Dann verwenden Sie ihn nicht, und fragen Sie dort nach.
mail-access-link-sent-button = Passkey erstellen
mail-access-link-of-subject = Für { $address } wurde ein Zugangslink erstellt
mail-access-link-of-text = Die Administration von { $brand } hat einen Link erstellt, mit dem { $address } einen neuen Passkey erstellen kann. Er gilt einmal, { $minutes } Minuten lang.
mail-access-link-used-subject = Ihr Zugangslink wurde verwendet
mail-access-link-used-text = Der Zugangslink für Ihr Konto bei { $brand } wurde verwendet. Sie wurden überall sonst abgemeldet.
mail-account-disabled-subject = Ihr Konto wurde gesperrt
mail-account-disabled-text = Die Administration hat Ihr Konto bei { $brand } gesperrt und Sie überall abgemeldet.
mail-account-enabled-subject = Ihr Konto funktioniert wieder
mail-account-enabled-text = Die Administration hat Ihr Konto bei { $brand } wieder freigegeben. Sie melden sich an wie zuvor.
mail-service-role-subject = Ihre Rechte wurden geändert
mail-service-role-text = Die Administration hat Ihrem Konto bei { $brand } diese Rechte gegeben: { $role }.
mail-service-role-ended-subject = Ihre Rechte wurden geändert
mail-service-role-ended-text = Ihr Konto bei { $brand } hat keine Rechte über den Dienst mehr. Das Konto selbst bleibt, wie es ist.

## Administration

nav-admin = Verwaltung
nav-people = Personen
nav-organizations = Organisationen
nav-own-account = Mein Konto
admin-you-are-operator = Sie betreiben diesen Dienst: Sie dürfen alles sehen und ändern.
admin-you-are-support = Sie helfen Personen wieder hinein und sehen alle.
admin-you-are-auditor = Sie sehen alle und ändern nichts.
admin-you-are-administrator = Sie betreuen die Personen von:
admin-find-people = Personen finden
admin-search = Name oder E-Mail beginnt mit
admin-search-button = Suchen
admin-state = Zustand
admin-state-all = Alle
admin-enabled = Aktiv
admin-disabled = Gesperrt
admin-nobody = Niemand wurde gefunden.
admin-first = Zum Anfang
admin-more = Weitere Personen
admin-about = Über diese Person
admin-policy = Regel für die Anmeldung
admin-policy-free = Nach eigener Wahl
admin-policy-require_second_factor = Ein zweiter Faktor
admin-policy-require_passkey = Ein Passkey
admin-policy-passkey_only = Ein Passkey und nichts anderes
admin-policy-from-service = gilt für alle
admin-policy-from-organization = von einer anderen Organisation
admin-policy-from-application = bei dieser Anwendung
admin-policy-from-person = für diese Person
admin-password-none = Keines
admin-password-works = Funktioniert
admin-password-locked = Nach zu vielen falschen Versuchen stillgelegt
admin-code-app = Code-App
admin-recovery-codes = Übrige Wiederherstellungscodes
admin-organization = Organisation
admin-role-none = Keine
admin-role-operator = Betrieb
admin-role-support = Hilfe
admin-role-auditor = Prüfung
admin-yes = Ja
admin-no = Nein
admin-none = Keine
admin-deeds = Was Sie tun können
admin-minutes = Minuten, die der Link gilt, 5 bis 1440
admin-yes-do = Ja, ausführen
admin-do-remove-passkey = Diesen Passkey entfernen
admin-do-reset-passkeys = Alle Passkeys entfernen
admin-do-reset-two-factor = Code-App und Wiederherstellungscodes entfernen
admin-do-unlock = Passwort freigeben
admin-do-log-out = Überall abmelden
admin-do-link = Zugangslink senden
admin-do-disable = Konto sperren
admin-do-enable = Konto freigeben
admin-do-role = Rolle ändern
admin-do-policy = Regel für die Anmeldung ändern
admin-what-remove-passkey = Der Passkey öffnet nichts mehr, und die Anmeldungen, die mit ihm begannen, enden sofort. Die Person erhält eine E-Mail.
admin-what-reset-passkeys = Alle Passkeys dieser Person werden entfernt, und sie wird überall abgemeldet. Ihr Passwort gilt wieder. Die Person erhält eine E-Mail.
admin-what-reset-two-factor = Code-App und Wiederherstellungscodes werden entfernt, und die Person wird überall abgemeldet. Sie erhält eine E-Mail.
admin-what-unlock = Das Passwort funktioniert wieder nach zu vielen falschen Versuchen.
admin-what-log-out = Alle Anmeldungen dieser Person enden, und Anwendungen verlieren ihren Zugang.
admin-what-link = Die Person erhält eine E-Mail mit einem Link, mit dem sie einen neuen Passkey erstellt. Niemand sonst sieht den Link.
admin-what-disable = Die Person wird überall abgemeldet und kann sich erst wieder anmelden, wenn das Konto freigegeben ist. Sie erhält eine E-Mail.
admin-what-enable = Die Person kann sich wieder wie zuvor anmelden. Sie erhält eine E-Mail.
admin-what-role = Eine Rolle ist ein Recht über den ganzen Dienst. Die Person erhält eine E-Mail.
admin-what-policy = Gilt zusätzlich zu dem, was Dienst und Organisationen verlangen; die strengste Regel zählt.
admin-done-remove-passkey = Der Passkey ist entfernt.
admin-done-reset-passkeys = Alle Passkeys sind entfernt.
admin-done-reset-two-factor = Code-App und Wiederherstellungscodes sind entfernt.
admin-done-unlock = Das Passwort ist freigegeben.
admin-done-log-out = Die Person ist überall abgemeldet.
admin-done-link = Der Link ist per E-Mail unterwegs.
admin-done-disable = Das Konto ist gesperrt.
admin-done-enable = Das Konto ist freigegeben.
admin-done-role = Die Rolle ist geändert.
admin-done-policy = Die Regel ist geändert.
admin-refused-choice = Bitte wählen Sie einen der Werte, die hier möglich sind.
admin-refused-not-found = Diese Person oder Organisation gibt es nicht.
admin-refused-forbidden = Das übersteigt Ihre Rechte.
admin-refused-yourself = Ihr eigenes Konto ändern Sie auf Ihren Kontoseiten.
admin-refused-last-operator = Das ist die letzte Person mit Betriebsrecht. Ohne sie könnte niemand den Dienst betreuen.
admin-refused-last-administrator = Das ist die letzte Administratorin oder der letzte Administrator einer Organisation. Bitte benennen Sie zuerst jemand anderen.
admin-refused-disabled = Das Konto ist gesperrt. Geben Sie es zuerst frei.
admin-refused-address-taken = Diese Adresse gehört schon zu einem Konto.
admin-refused-slug-taken = Dieser Kurzname ist vergeben.
admin-refused-member-already = Diese Person gehört schon zur Organisation.
admin-refused-unknown-role = Die Organisation hat keine solche Rolle.
admin-refused-role-in-use = Mitglieder haben diese Rolle noch.
admin-refused-organization-disabled = Die Organisation ist gesperrt. Geben Sie sie zuerst frei.
admin-refused-lifetime = Eine Einladung gilt 1 bis 30 Tage.
admin-refused-unknown-application = Es gibt keine solche Anwendung, bei der Anmeldungen beginnen können.
admin-refused-too-many-invitations = Innerhalb eines Tages wurden zu viele Einladungen verschickt, oder zu viele warten auf Antwort. Bitte versuchen Sie es morgen wieder.
admin-refused-unchanged = Es gibt nichts zu ändern: Es ist schon so.

## Verwaltung: Anwendungen

nav-applications = Anwendungen
admin-app-search = Name oder client_id enthält
admin-app-new = Anwendung registrieren
admin-app-nothing = Keine Anwendung gefunden.
admin-app-more = Weitere Anwendungen
admin-app-kind = Art
admin-app-kind-web = Web-Anwendung mit Server
admin-app-kind-spa = Web-Anwendung nur im Browser
admin-app-kind-native = App auf Handy oder Computer
admin-app-kind-machine = Programm ohne Menschen
admin-app-kind-device = Gerät ohne Browser
admin-app-about-web = Läuft auf einem Server, der ein Geheimnis bewahren kann. Die meisten Praxisprogramme sind von dieser Art.
admin-app-about-spa = Läuft im Browser, ohne eigenen Server. Sie kann kein Geheimnis bewahren; PKCE schützt sie.
admin-app-about-native = Wird von Menschen installiert und kann kein Geheimnis bewahren. Die Menschen werden jedes Mal um Zustimmung gefragt.
admin-app-about-machine = Handelt für sich selbst, etwa beim nächtlichen Import. Niemand meldet sich an.
admin-app-about-device = Hat keinen Browser, etwa ein Bildschirm im Wartezimmer. Man meldet sich mit einem Code am Handy an.
admin-app-source-config = aus der Konfigurationsdatei
admin-app-source-admin = hier registriert
admin-app-source-registered = hat sich selbst registriert
admin-app-which-kind = Welche Art von Anwendung ist es? Daraus ergeben sich die sicheren Einstellungen.
admin-app-choose = Auswählen
admin-app-settings = Einstellungen ändern
admin-app-look-again = Etwas davon geht so nicht. Nichts ist verloren: Bitte sehen Sie sich die markierten Felder an.
admin-app-name = Name
admin-app-hint-name = Ihn lesen die Menschen beim Anmelden.
admin-app-redirect_uris = Adressen, zu denen man zurückkehrt (redirect_uris)
admin-app-hint-redirect_uris = Eine pro Zeile, genau so, wie die Anwendung sie verwendet, mit https (http nur auf localhost).
admin-app-post_logout_redirect_uris = Adressen nach dem Abmelden (post_logout_redirect_uris)
admin-app-hint-post_logout_redirect_uris = Eine pro Zeile. Kann leer bleiben.
admin-app-backchannel_logout_uri = Wo sie von Abmeldungen erfährt (backchannel_logout_uri)
admin-app-hint-backchannel_logout_uri = Eine Adresse ihres Servers. Kann leer bleiben.
admin-app-initiate_login_uri = Wo das Anmelden beginnt (initiate_login_uri)
admin-app-hint-initiate_login_uri = Damit startet man die Anwendung von den Kontoseiten aus. Kann leer bleiben.
admin-app-return_uris = Seiten, zu denen Kontoseiten zurückführen
admin-app-hint-return_uris = Eine pro Zeile. Kann leer bleiben.
admin-app-scopes = Scopes, die sie verlangen darf
admin-app-hint-scopes = Mit Leerzeichen oder Zeilen dazwischen.
admin-app-resources = APIs, für die sie Tokens verlangen darf
admin-app-hint-resources = Eine Adresse pro Zeile. Kann leer bleiben.
admin-app-id_token_alg = Signatur der ID-Tokens
admin-app-hint-id_token_alg = ES256 ist schnell, und jede aktuelle Bibliothek kennt es. Wählen Sie RS256 für eine alte, die nichts anderes kennt.
admin-app-register = Registrieren
admin-app-save = Speichern
admin-app-secret-made = Das Geheimnis
admin-app-shown-once = Es wird nur dieses eine Mal gezeigt und dann nie wieder. Legen Sie es dort ab, wo die Anwendung ihre Geheimnisse liest, und nirgends sonst.
admin-app-kept = Ich habe es abgelegt
admin-app-about = Über diese Anwendung
admin-app-locked = Sie steht in der Konfigurationsdatei und wird dort geändert.
admin-app-own = Sie hat sich selbst registriert und ändert ihre Einstellungen selbst.
admin-app-used-by = Verwendet von
admin-app-people = { $count ->
    [0] niemandem
    [one] einer Person
   *[other] { $count } Personen
}
admin-app-since = Registriert
admin-app-auth-method = Weist sich aus durch
admin-app-secrets = Geheimnisse
admin-app-secret-created = Erstellt
admin-app-secret-used = zuletzt verwendet
admin-app-secret-unused = nie verwendet
admin-app-secret-until = gültig bis
admin-app-secret-ended = abgelaufen
admin-app-connect = Verbinden
admin-app-connect-web = Geben Sie der Anwendung diese Werte. Eine Anmeldung beginnt so:
admin-app-connect-spa = Geben Sie der Anwendung diese Werte. Eine Anmeldung beginnt so:
admin-app-connect-native = Geben Sie der Anwendung diese Werte. Eine Anmeldung beginnt so:
admin-app-connect-machine = Geben Sie dem Programm diese Werte. Ein Token bekommt es so:
admin-app-connect-device = Geben Sie dem Gerät diese Werte. Eine Anmeldung beginnt so:
admin-app-days = Tage, die es noch gilt, 1 bis 90
admin-app-do-secret = Neues Geheimnis erstellen
admin-app-do-disable = Anwendung deaktivieren
admin-app-do-enable = Anwendung aktivieren
admin-app-do-remove = Anwendung entfernen
admin-app-do-expire = Ablaufen lassen
admin-app-do-remove-secret = Dieses Geheimnis entfernen
admin-app-what-secret = Das neue Geheimnis gilt neben dem alten, damit die Anwendung ohne Unterbrechung wechselt. Lassen Sie danach das alte ablaufen, oder entfernen Sie es.
admin-app-what-disable = Niemand meldet sich an ihr an, bis sie wieder aktiviert wird, und ihre Tokens sind nichts mehr wert.
admin-app-what-enable = Man meldet sich wieder wie zuvor an ihr an.
admin-app-what-remove = Sie ist für immer weg, mit allem, was Menschen ihr erlaubt haben. Wer nur eine Pause will, deaktiviert sie.
admin-app-what-expire = Es gilt noch einige Tage, während die Anwendung zum neuen wechselt.
admin-app-what-remove-secret = Es öffnet ab sofort nichts mehr. Hat die Anwendung zum anderen gewechselt?
admin-app-done-registered = Die Anwendung ist registriert.
admin-app-done-changed = Die Einstellungen sind gespeichert.
admin-app-done-enable = Die Anwendung ist aktiviert.
admin-app-done-disable = Die Anwendung ist deaktiviert.
admin-app-done-expire = Das Geheimnis läuft ab.
admin-app-done-remove-secret = Das Geheimnis ist entfernt.
admin-app-preview = Was sie über eine Person erfährt
admin-app-preview-text = Hier sehen Sie, welche Angaben (Claims) userinfo für diese Anwendung hat und warum andere fehlen. Ausgestellt wird nichts. Im ID-Token stehen sub und was die Anwendung mit dem Parameter claims verlangt.
admin-app-preview-scopes = Scopes, die sie verlangt
admin-app-preview-show = Anzeigen
admin-app-preview-unreadable = Diese Scopes lassen sich nicht lesen. Bitte setzen Sie Leerzeichen dazwischen.
admin-app-preview-told = Das erfährt sie
admin-app-preview-missing = Das erfährt sie nicht
admin-app-preview-left-out = Dafür ist sie nicht registriert:
admin-app-preview-pairwise = Ein eigener Name nur für diese Anwendung (pairwise)
admin-app-preview-not-asked = Sie verlangt den Scope { $scope } nicht.
admin-app-preview-not-registered = Sie ist für den Scope { $scope } nicht registriert. Ergänzen Sie ihn in ihren Einstellungen.
admin-app-preview-not-known = Von dieser Person ist nichts bekannt.
admin-app-preview-no-organization = Diese Person gehört zu keiner Organisation, soweit Sie es sehen dürfen.
admin-app-preview-chosen = Diese Person gehört zu mehreren Organisationen und wählt beim Anmelden eine aus.
admin-app-back = Zurück zur Anwendung
admin-refused-declared = Sie steht in der Konfigurationsdatei und wird dort geändert.
admin-refused-registered = Sie hat sich selbst registriert und ändert ihre Einstellungen selbst.
admin-refused-settings = Diese Einstellungen passen nicht zusammen. Die Anwendung:
admin-refused-no-secrets = Eine Anwendung dieser Art hat keine Geheimnisse.
admin-refused-secrets-at-once = Zwei ihrer Geheimnisse gelten schon. Entfernen Sie zuerst das, welches sie nicht mehr verwendet.
admin-refused-last-secret = Sie hätte kein anderes Geheimnis, das gültig bleibt. Erstellen Sie zuerst ein neues.
nav-audit = Protokoll
nav-keys = Schlüssel
nav-jobs = Zustellungen
nav-health = Zustand
nav-mails = Mails
audit-lead = Wer was getan hat, das Neueste zuerst. Auch das Lesen wird aufgezeichnet.
audit-kind = Was geschah
audit-kind-all = Alles
audit-person = E-Mail oder Kennung einer Person
audit-wrong-person = Niemand hat diese Adresse. Wer nicht mehr da ist, wird über die Kennung gefunden.
audit-part = Diese Person
audit-part-subject = ist, um wen es geht
audit-part-actor = hat es getan
audit-client = Anwendung
audit-organization = Kurzname oder Kennung einer Organisation
audit-wrong-organization = Keine Organisation hat diesen Kurznamen.
audit-from = Von diesem Tag an (UTC)
audit-to = Bis zum Ende dieses Tages (UTC)
audit-wrong-days = Bitte nennen Sie zwei Tage, den früheren zuerst.
audit-clear = Alles zeigen
audit-when = Wann
audit-what = Was
audit-who = Wer
audit-nobody-known = Der Dienst, oder niemand Bekanntes
audit-about = über
audit-none = So ist kein Eintrag.
audit-newest = Zum Neuesten
audit-take = Mitnehmen
audit-take-text = Eine Datei mit allen Einträgen, die der Filter findet, die ältesten zuerst, am Ende mit einem unterschriebenen Prüfpunkt. Dass sie entsteht, wird aufgezeichnet.
audit-take-csv = Als CSV ausgeben
audit-take-jsonl = Als JSON-Zeilen ausgeben
audit-too-much = Das sind mehr als 100 000 Einträge. Bitte wählen Sie weniger Tage, oder geben Sie sie auf dem Rechner selbst aus: idp audit export
audit-verify = Prüfen, ob es vollständig ist
audit-verify-text = Liest alle Einträge und sagt, ob einer verändert, entfernt oder eingefügt wurde. Nur der Vergleich mit anderswo aufbewahrten Prüfpunkten findet ein Protokoll, das als Ganzes neu geschrieben wurde: idp audit verify --checkpoints
audit-verify-button = Jetzt prüfen
audit-whole = Das Protokoll ist vollständig: { $records } Einträge, der letzte hat die Nummer { $through }.
audit-removed = Die Einträge bis { $through } wurden ihres Alters wegen entfernt ({ $at }).
audit-broken = Das Protokoll ist nicht vollständig.
audit-broken-next = Bitte vergleichen Sie es mit einer Sicherung, und finden Sie heraus, wer in die Datenbank schreiben konnte.
audit-back = Zurück zum Protokoll
audit-damaged = Was in diesem Eintrag versiegelt ist, öffnet sich nicht mehr, obwohl die Person noch da ist. Bitte prüfen Sie, ob das Protokoll vollständig ist.
audit-event = Das Ereignis
audit-gone = hat kein Konto mehr
audit-network = Netz
audit-browser = Browser
audit-personal = Persönliche Angaben
audit-erased = zusammen mit dem Konto gelöscht
audit-members = Was es sagt
audit-no-members = Mehr als das sagt es nicht.
audit-place = Sein Platz im Protokoll
audit-sequence = Nummer
audit-hash = Prüfsumme
audit-more-about = Alles über diese Person
audit-more-by = Alles, was diese Person tat
audit-more-client = Alles mit dieser Anwendung
act-rotate-keys = Schlüssel jetzt wechseln
act-what-rotate-keys = Ab jetzt unterschreiben die nächsten Schlüssel. Anwendungen kennen sie schon, darum merkt niemand etwas, und was vorher unterschrieben wurde, bleibt gültig.
act-replace-keys = Im Notfall alle Schlüssel ersetzen
act-what-replace-keys = Nur wenn jemand die Schlüssel kennen könnte. Alle werden weggeworfen, und neue unterschreiben sofort. Nichts, was vorher unterschrieben wurde, gilt noch: Anwendungen, die nur die alten Schlüssel kennen, weisen bis zu fünf Minuten lang jede Anmeldung ab, und alle müssen sich an ihren Anwendungen neu anmelden.
act-retry-delivery = Jetzt noch einmal versuchen
act-what-retry-delivery = Die Nachricht wird innerhalb einer Sekunde noch einmal gesendet, statt erst, wenn sie wieder an der Reihe wäre.
act-give-up-delivery = Aufgeben
act-what-give-up-delivery = Die Nachricht wird weggeworfen, und niemand bekommt sie. Wer auf sie wartet, muss sie neu anfordern; eine Anwendung, die von einer Abmeldung hören soll, hört nichts davon.
act-refused-forbidden = Dazu reichen Ihre Rechte nicht.
act-refused-unchanged = Es gibt nichts zu tun: Es wurde gesendet, aufgegeben oder ist gerade unterwegs.
act-refused-key-too-young = Die nächsten Schlüssel sind zu jung: Noch kennt sie nicht jede Anwendung. Bitte warten Sie einige Minuten.
act-refused-key-missing = Es gibt noch keine nächsten Schlüssel. Der Dienst macht sie innerhalb einer Minute.
keys-title = Schlüssel, die unterschreiben
keys-lead = Mit einem von diesen wird alles unterschrieben. Die geheimen Hälften verlassen den Dienst nie.
keys-state = Zustand
keys-since = Seit
keys-changes = Ändert sich
keys-kid = Name (kid)
keys-state-next = Nächster
keys-state-current = Unterschreibt
keys-state-retired = Im Ruhestand
keys-age =
    { $days ->
        [0] seit heute
        [one] seit einem Tag
       *[other] seit { $days } Tagen
    }
keys-changes-next = unterschreibt ab
keys-changes-current = macht Platz ab
keys-changes-retired = wird vergessen ab
keys-none = Hier sind noch keine Schlüssel.
keys-by-themselves = Die Schlüssel wechseln von selbst. Das hier brauchen Sie nur vor der Zeit.
keys-done-rotate = Jetzt unterschreiben die nächsten Schlüssel.
keys-done-replace = Alle Schlüssel sind ersetzt. Andere Knoten folgen innerhalb einer Minute.
jobs-lead = Was darauf wartet, gesendet zu werden, und was von selbst geschieht. Was in einer Nachricht steht, sieht hier niemand.
jobs-waiting = Wartet darauf, gesendet zu werden
jobs-count-waiting = warten
jobs-count-failed = davon sind bisher gescheitert
jobs-show-all = Alles zeigen
jobs-show-failed = Gescheitertes zeigen
jobs-what = Was
jobs-written = Geschrieben
jobs-next = Nächster Versuch
jobs-why = Grund
jobs-kind-sign-in-request = Mail: eine Anfrage von anderswo
jobs-kind-sign-in-ping = Nachricht an eine Anwendung: jemand hat geantwortet
jobs-kind-mail = Mail
jobs-kind-reset-request = Jemand möchte ein neues Passwort
jobs-kind-sign-up-request = Jemand möchte ein Konto anlegen
jobs-kind-logout-notice = Eine Anwendung soll von einer Abmeldung hören
jobs-person = die Person
jobs-attempts =
    { $count ->
        [0] noch kein Versuch
        [one] bisher ein Versuch
       *[other] bisher { $count } Versuche
    }
jobs-not-failed = nichts ist schiefgegangen
jobs-none = Nichts wartet.
jobs-done-retry-delivery = Die Nachricht wird jetzt noch einmal versucht.
jobs-done-give-up-delivery = Die Nachricht ist aufgegeben.
jobs-jobs = Was von selbst geschieht
jobs-jobs-lead = Auf diesem Knoten, seit er läuft.
jobs-last = Zuletzt
jobs-never = noch nicht seit dem Start
jobs-job-failed = Gescheitert
jobs-job-fine = Läuft
jobs-job-mails = Mail senden
jobs-job-notices = Anwendungen von Abmeldungen berichten
jobs-job-keys = Schlüssel wechseln
jobs-job-audit = Prüfpunkte des Protokolls
jobs-job-figures = Zählen für die erste Seite
jobs-job-purge = Abgelaufenes entfernen
jobs-job-passwords = Übernommene Passwörter messen
jobs-job-certificate = Ein erneuertes Zertifikat übernehmen
health-all-fine = Alles ist gut.
health-all-note = Es läuft. Etwas ist wissenswert.
health-all-wrong = Etwas stimmt nicht.
health-fine = Gut
health-note = Hinweis
health-wrong = Falsch
health-address-local = Die Adresse ist { $about }: Nur Browser auf demselben Rechner können sich anmelden. Setzen Sie public_url auf Ihre https-Adresse.
health-address-without-tls = { $about } ist von außen ohne TLS erreichbar. Lauschen Sie auf 127.0.0.1 hinter einem Proxy, oder setzen Sie http.tls.
health-address-fine = Der Dienst ist unter { $about } erreichbar.
health-folder-open = Der Ordner { $about } steht anderen Benutzern des Rechners offen. Führen Sie aus: chmod 700 { $about }
health-folder-fine = Der Ordner { $about } gehört dem Dienst allein.
health-folder-missing = Den Ordner { $about } gibt es nicht. Bitte sehen Sie sich data_dir an.
health-mail-broken = Die Einstellungen für Mail stimmen nicht: { $about }
health-mail-server = Mail geht an { $about }.
health-mail-folder = Mail wird nicht gesendet, sondern nach { $about } geschrieben. Setzen Sie mail.url, bevor echte Menschen hiermit arbeiten.
health-mail-nowhere = mail.url ist leer: Niemand bekommt Mail. Setzen Sie es auf smtp://benutzer:passwort@host:587
health-database-fine = Die Datenbank antwortet, und ihr Schema ist aktuell.
health-redis-fine = Redis antwortet.
health-redis-evicts = Redis vergisst laufende Anmeldungen, wenn es voll ist. Setzen Sie dort maxmemory-policy noeviction.
health-redis-silent = Niemand kann sich anmelden: { $about }
health-keys-fine = Es gibt { $about } Schlüssel, die unterschreiben, und für jedes Verfahren einen laufenden.
health-keys-none = Es gibt noch keine Schlüssel. Der erste Start macht sie.
health-keys-missing = Es gibt keinen laufenden Schlüssel für { $about }. Stellen Sie die Datenbank aus einer Sicherung wieder her.
health-set-up-done = Die Einrichtung ist fertig und geschlossen.
health-set-up-open = Noch ist niemand eingerichtet. Öffnen Sie die Adresse, die das Programm ausgibt.
health-outbox-fine = Nichts, was gesendet werden soll, ist gescheitert; wartend: { $about }.
health-outbox-failing = Nachrichten, die bisher nicht gesendet werden konnten: { $about }. „Zustellungen“ sagt, warum.
health-checkpoints-none = Keine Prüfpunkte des Protokolls werden anderswo aufbewahrt; ein als Ganzes neu geschriebenes fiele nicht auf. Setzen Sie audit.checkpoints.
health-checkpoints-fine = Prüfpunkte des Protokolls gehen nach draußen.
health-checkpoints-late = In letzter Zeit kam kein Prüfpunkt des Protokolls nach draußen. „Zustellungen“ und das Protokoll des Programms sagen, warum.
health-address-port = Browser werden zu einem anderen Port geführt als { $about }, wo der Dienst lauscht. Machen Sie die Ports von public_url und http.listen gleich.
health-address-unknown = Der Name { $about } in public_url führt von diesem Rechner aus nirgendwohin. Suchen Sie einen Fehler darin, und prüfen Sie Ihr DNS.
health-proxy-untrusted = http.trusted_proxies ist leer: Alle Besucher haben die Adresse des Proxys, und falsche Passwörter aller zählen zusammen. Nennen Sie dort den Proxy.
health-certificate-fine = Das Zertifikat gilt bis { $about }.
health-certificate-ends = Das Zertifikat läuft am { $about } ab. Erneuern Sie es.
health-certificate-ended = Das Zertifikat ist am { $about } abgelaufen: Browser weisen den Dienst ab. Erneuern Sie es.
health-master-key-open = Den Hauptschlüssel { $about } können andere lesen. Führen Sie aus: chmod 600 { $about }
health-database-open = { $about } können andere lesen. Führen Sie aus: chmod 600 { $about }
health-disk-fine = Auf dem Datenträger ist Platz. { $about }
health-disk-filling = Der Datenträger füllt sich. Frei auf dem von { $about }. Schaffen Sie Platz.
health-disk-full = Der Datenträger ist fast voll. Frei auf dem von { $about }. Schaffen Sie Platz: Bald kann sich niemand mehr anmelden.
health-files-enough = Es dürfen { $about } Dateien zugleich offen sein, wie http.max_connections es braucht.
health-files-few = Für http.max_connections dürfen zu wenige Dateien offen sein: { $about }. Setzen Sie LimitNOFILE in der Unit des Dienstes.
health-mail-answers = Der Mailserver { $about } lässt den Dienst ein.
health-mail-refuses = Der Mailserver lässt den Dienst nicht ein: { $about }
health-clock-skewed = Die Uhr des Datenbankservers weicht von unserer ab, in Sekunden: { $about }. Lassen Sie beide einem Zeitserver folgen.
health-clock-behind = Der neueste Eintrag des Protokolls ist vom { $about }, was noch kommt. Lassen Sie alle Rechner einem Zeitserver folgen.
health-connections-many = database.max_connections ist mehr, als der Datenbankserver hat: { $about }
health-connections-few = database.max_connections ist { $about }: Anfragen warten aufeinander. Das Vierfache der Kerne des Datenbankservers ist ein guter Wert.
health-keys-late = Der Schlüssel für { $about } unterschreibt länger, als keys.rotate_days erlaubt. Das Log sagt, warum er nicht gewechselt wurde.
health-secrets-ending = Das letzte Geheimnis einer Anwendung endet bald: { $about }. Geben Sie ihr ein neues.
health-operator-none = Es gibt keinen Betreiber, der nicht gesperrt ist. Ernennen Sie einen auf dem Rechner: idp user role EMAIL operator
health-backup-none = idp backup hat hier noch nie eine Sicherung gemacht. Führen Sie es jeden Tag aus.
health-backup-old = Die letzte Sicherung ist vom { $about }. Sehen Sie nach, was idp backup jeden Tag ausführen sollte.
health-backup-fine = Die letzte Sicherung ist vom { $about }.
health-more = Auf dem Rechner selbst sagt idp doctor dasselbe und mehr.
admin-refused-email = Bitte geben Sie eine E-Mail-Adresse wie name@example.com ein.
admin-refused-name = Bitte geben Sie einen Namen mit höchstens 100 Zeichen ein.

## Organisationen in der Verwaltung

org-search = Name oder Kurzname beginnt mit
org-name = Name
org-slug = Kurzname
org-members = Mitglieder
org-people =
    { $count ->
        [0] Niemand
        [1] 1 Person
       *[other] { $count } Personen
    }
org-enabled = Aktiv
org-disabled = Gesperrt
org-nothing = Keine Organisation wurde gefunden.
org-more = Weitere Organisationen
org-about = Über diese Organisation
org-roles = Rollen
org-roles-hint = Kleinbuchstaben, Ziffern und Bindestriche, mit Leerzeichen dazwischen. Die Administration gibt es immer.
org-policy-none = Wie der Dienst es verlangt
org-invitations = Einladungen
org-invited-by = eingeladen von { $inviter }
org-invitation-expired = zu alt
org-invitation-void = gilt nicht: Wer eingeladen hat, darf das nicht mehr, oder eine Rolle gibt es nicht mehr
org-administrator = Administration
org-administrator-role = Administration: betreut die Personen der Organisation
org-client = Danach weiter zu
org-client-none = Ihrem Konto
org-days = Tage, die die Einladung gilt, 1 bis 30
org-send = Einladung senden
org-touches =
    { $count ->
        [0] Niemand gehört zur Organisation.
        [1] Das betrifft 1 Person, die zur Organisation gehört.
       *[other] Das betrifft { $count } Personen, die zur Organisation gehören.
    }
org-do-invite = Jemanden einladen
org-do-change = Name, Rollen und Regel ändern
org-do-disable = Organisation sperren
org-do-enable = Organisation freigeben
org-do-roles = Rollen ändern
org-do-remove = Entfernen
org-do-resend = Noch einmal senden
org-do-withdraw = Zurücknehmen
org-what-invite = Die Person erhält eine E-Mail mit einem Link, mit dem sie beitritt: mit dem Konto, das sie hat, oder mit einem neuen. Niemand sonst sieht den Link.
org-what-change = Die Regel gilt ab der nächsten Anmeldung, zusätzlich zu dem, was der Dienst verlangt. Eine Rolle, die Mitglieder haben, kann nicht entfernt werden.
org-what-disable = Niemand verwaltet sie mehr oder tritt ihr bei, und ihre Regel für die Anmeldung gilt nicht. Ihre Personen behalten ihre Konten.
org-what-enable = Sie wird wieder verwaltet, und ihre Regel für die Anmeldung gilt.
org-what-roles = Anwendungen erfahren die Rollen bei der nächsten Anmeldung. Die Administration betreut alle in der Organisation.
org-what-remove = Die Person gehört nicht mehr zur Organisation. Ihr Konto bleibt.
org-what-resend = Die Person erhält eine neue E-Mail mit einem neuen Link. Der Link in der älteren gilt nicht mehr.
org-what-withdraw = Der Link in der E-Mail gilt nicht mehr.
org-done-invite = Die Einladung ist per E-Mail unterwegs.
org-done-change = Die Organisation ist geändert.
org-done-disable = Die Organisation ist gesperrt.
org-done-enable = Die Organisation ist wieder aktiv.
org-done-roles = Die Rollen sind geändert.
org-done-remove = Die Person gehört nicht mehr zur Organisation.
org-done-resend = Eine neue Einladung ist per E-Mail unterwegs.
org-done-withdraw = Die Einladung ist zurückgenommen.

## Die Seite über die Schnittstelle der Verwaltung

api-title = Schnittstelle der Verwaltung
api-document = Das OpenAPI-Dokument
api-scopes = Berechtigungen (Scopes)
api-scope = Scope:
api-body = Inhalt:
api-answer = Antwort:
api-schemas = Was gesendet und geantwortet wird
api-problems = Probleme
api-problems-lead = Der letzte Teil des Typs eines Problems, nach #, ist einer von diesen und ändert sich nie.
api-name = Name
api-type = Art
api-meaning = Bedeutung
api-required = nötig
risk-title = Ein Verlust vor dem Aussperren
risk-lead = Diese Personen haben einen Passkey, der nur auf einem Gerät liegt, oder eine Code-App und sonst nichts, und keine Wiederherstellungscodes. Verlieren sie das Gerät, bringt nur die Verwaltung sie zurück. Ein zweiter Passkey hilft.
risk-none = Niemand wäre durch den Verlust eines Geräts ausgesperrt.
figures-sign-ins = Anmeldungen der letzten 30 Tage
figures-sign-ins-text = Balken für jeden Tag, nach der Art der Anmeldung. Zusammen { $total }. Die Tabelle darunter sagt dasselbe.
figures-table = Als Tabelle
figures-day = Tag (UTC)
figures-no-sign-ins = Seit gezählt wird, hat sich niemand angemeldet.
figures-adoption = Passkeys
figures-adopted = der Personen haben einen Passkey
figures-adoption-text = Eine Linie mit dem Anteil der Personen, die einen Passkey haben, Tag für Tag. Zuletzt { $percent } Prozent. Die Tabelle darunter sagt dasselbe.
figures-with-passkey = Mit Passkey
figures-not-counted = Noch nicht gezählt. Das geschieht alle zehn Minuten.
figures-failures = Woran Anmeldungen scheiterten
figures-reason = Grund, in den letzten 30 Tagen
figures-count = Anzahl
figures-no-failures = Seit gezählt wird, ist keine Anmeldung gescheitert.
figures-reason-password = Falsches Passwort, oder kein solches Konto
figures-reason-code = Falscher Code
figures-reason-recovery-code = Falscher Wiederherstellungscode
figures-reason-unknown-passkey = Ein Passkey, den hier niemand hat
figures-reason-passkey-refused = Ein abgewiesener Passkey
figures-reason-other = Etwas anderes
figures-at-risk =
    { $count ->
        [one] Person wäre durch den Verlust eines Geräts ausgesperrt
       *[other] Personen wären durch den Verlust eines Geräts ausgesperrt
    }
figures-who = Wer das ist
figures-keys = Schlüssel, die bald wechseln
figures-no-keys = Keine innerhalb von 14 Tagen. Sie wechseln von selbst.
mails-lead = Alles, was Menschen per Mail bekommen, so wie sie es bekommen.
mails-subject = Betreff
mails-name = Name
mails-none = Es gibt keine Mails.
mails-back = Alle Mails
mails-from = Von
mails-made-up = Was darin steht, ist erfunden, und der Link führt nirgendwohin.
mails-languages = Sprache der Mail
mails-look = So sehen es die meisten
mails-plain = Als reiner Text
mails-try-text = Geht an { $address } und an niemanden sonst. Dass sie gesendet wurde, wird aufgezeichnet.
mails-try = An mich senden
mails-sent = Sie ist unterwegs. Kommt sie nicht an, sagt „Zustellungen“, warum.
palette-open = Zu einer Seite oder Person gehen
palette-title = Gehe zu
palette-label = Seite, Name oder E-Mail
palette-found = Gefunden
palette-keys = Pfeiltasten wählen, Eingabe öffnet, Escape schließt.
audit-kept = Suchen, die Sie behalten
audit-kept-none = Bisher keine. Nur Sie sehen sie.
audit-keep-name = Diese Suche behalten unter dem Namen
audit-keep = Behalten
audit-forget = Vergessen
audit-wrong-name = Bitte geben Sie ihr einen Namen mit höchstens 60 Buchstaben. Mehr als 50 behält niemand.

# Erscheinungsbild
nav-branding = Erscheinungsbild
brand-title = Erscheinungsbild
brand-lead = Wie der Dienst für alle aussieht, die sich anmelden, und auf allen ihren Seiten. Organisationen können ein eigenes haben.
brand-lead-organization = Was Menschen sehen, während sie sich für diese Organisation anmelden. Was hier nicht steht, ist wie beim Dienst.
brand-unset-organization = Noch ist nichts festgelegt. Sobald etwas festgelegt ist, zeigt die Anmeldung für diese Organisation allen, die dorthin gelangen, ihren Namen und ihre Farben.
brand-look = Name und Farben
brand-name = Name
brand-name-hint = Auf jeder Seite und in jeder E-Mail. Leer: { $otherwise }. In den Dialogen der Browser zu Passkeys ändert er sich mit dem nächsten Start.
brand-locked = So steht es in der Konfiguration ({ $place }), und dort wird es geändert.
brand-accent-light = Akzent auf hellen Seiten
brand-accent-dark = Akzent auf dunklen Seiten
brand-accent-hint = Für Knöpfe und Links, geschrieben wie #0f4c55. Leer: { $otherwise }.
brand-contrast-enough = Kontrast { $ratio } : 1. Gut lesbar (nötig ist { $needed }).
brand-contrast-little = Kontrast { $ratio } : 1. Viele könnten es nicht lesen: Nötig ist { $needed }. Die nächste Farbe, die genügt, ist { $nearest }.
brand-preview = Vorschau
brand-preview-title = So wird es aussehen
brand-preview-light = Die Anmeldung auf einer hellen Seite
brand-preview-dark = Die Anmeldung auf einer dunklen Seite
brand-logos = Logos
brand-logo-hint = PNG, JPEG oder WebP, höchstens { $kib } KiB, jede Seite 16 bis { $pixels } Pixel. Gibt es nur eines von beiden, steht es auf allen Seiten. Texte und Orte in der Datei werden entfernt.
brand-logo-light = Logo für helle Seiten
brand-logo-dark = Logo für dunkle Seiten
brand-upload-light = Logo für helle Seiten hochladen
brand-upload-dark = Logo für dunkle Seiten hochladen
brand-remove-light = Logo für helle Seiten entfernen
brand-remove-dark = Logo für dunkle Seiten entfernen
brand-reset = Auf den Standard zurücksetzen
brand-reset-service = Name, Farben und Logos sind wieder so, wie sie waren, bevor jemand sie festgelegt hat.
brand-reset-organization = Ihre Farben und Logos verschwinden, und die Anmeldung für diese Organisation sieht wieder aus wie beim Dienst.
brand-reset-yes = Ja, zurücksetzen
brand-back = Zurück
brand-done-saved = Gespeichert. Ab jetzt sehen die Seiten so aus.
brand-done-logo-saved = Das Logo wird ab jetzt verwendet.
brand-done-logo-removed = Das Logo ist entfernt.
brand-done-reset = Alles ist wieder so, wie es war, bevor jemand es festgelegt hat.
brand-done-again = Es wurde noch nichts hochgeladen. Nun haben Sie gezeigt, dass Sie es sind: Bitte wählen Sie die Datei noch einmal.
brand-wrong-name = Der Name muss 1 bis 60 Zeichen haben.
brand-wrong-colour = Eine Farbe wird geschrieben wie #0f4c55.
brand-wrong-unreadable = Es wurde nichts gespeichert: Eine Farbe wäre zu schwer zu lesen. Was nötig ist und welche nächste Farbe genügt, steht bei ihr.
brand-wrong-picture-nothing = Bitte wählen Sie zuerst eine Datei.
brand-wrong-picture-too-large = Die Datei ist größer als { $kib } KiB. Bitte speichern Sie das Bild kleiner.
brand-wrong-picture-svg = SVG wird nicht angenommen: Eine solche Datei kann Skripte enthalten. Bitte speichern Sie das Logo als PNG oder WebP.
brand-wrong-picture-kind = Die Datei ist kein PNG, JPEG oder WebP, was auch immer ihr Name sagt.
brand-wrong-picture-damaged = Die Datei ist beschädigt, bewegt sich oder enthält hinter dem Bild noch etwas anderes. Bitte speichern Sie sie neu als PNG.
brand-wrong-picture-size = Jede Seite des Bildes muss 16 bis { $pixels } Pixel haben.
admin-refused-changed-meanwhile = Jemand anders hat es inzwischen geändert. Laden Sie die Seite neu, um zu sehen, wie es jetzt ist.
admin-refused-fixed = So steht es in der Konfiguration des Dienstes, und dort wird es geändert.
activity-brand-changed = Erscheinungsbild geändert
activity-service-policy-set = Anmelderegel des Dienstes festgelegt
jobs-job-settings = Lesen, was in der Konsole festgelegt ist
person-parts = Teile dieser Seite
person-tab-overview = Übersicht
person-tab-passkeys = Passkeys und Faktoren
person-tab-sessions = Geräte
person-tab-applications = Anwendungen
person-tab-organizations = Organisationen
person-tab-activity = Aktivität
person-tab-json = JSON
person-since = Konto seit
person-id = Kennung
person-invite = In eine Organisation einladen
person-factors = Passwort und zweite Faktoren
person-synced = synchronisiert
person-last-seen = zuletzt gesehen
person-nowhere = Nirgends angemeldet.
person-no-apps = Keine Anwendung kennt diese Person, soweit Sie es sehen dürfen.
person-no-organization = Diese Person gehört zu keiner Organisation, die Sie sehen dürfen.
person-offline = läuft nach dem Abmelden weiter
person-member-since = Mitglied seit
person-activity-lead = Das Neueste zuerst. Auch dass Sie hier lesen, wird aufgezeichnet.
person-activity-own = Was in Ihren Organisationen geschah, das Neueste zuerst. Auch dass Sie hier lesen, wird aufgezeichnet.
person-json-lead = Was die API Ihnen von dieser Person zeigt:
people-invite = Jemanden einladen
person-new = Konto anlegen
person-new-lead = Es beginnt ohne Rechte, ohne Organisation und ohne Weg hinein. Ein Link führt die Person zu ihrem ersten Passkey. Wer zu einer Organisation gehört, wird besser dorthin eingeladen.
person-new-link = Link per E-Mail, gültig für so viele Minuten
person-new-link-hint = 5 bis 1440. Leer: Es wird keiner gesendet.
person-make = Anlegen
failure-minutes = Bitte geben Sie 5 bis 1440 Minuten ein, oder nichts.
admin-done-created = Das Konto ist angelegt. Ein Link führt die Person hinein.
invite-title = Jemanden einladen
invite-lead = In welche Organisation? Die Person erhält eine E-Mail mit einem Link, mit dem sie beitritt.
invite-choose = Einladen
org-new = Organisation anlegen
org-new-lead = Sie beginnt ohne Mitglieder. Als Nächstes laden Sie die Person ein, die sie verwaltet.
org-slug-hint = Für Adressen und Anfragen: 2 bis 60 Kleinbuchstaben, Ziffern und Bindestriche. Er ändert sich nie. Bleibt er leer, wird er aus dem Namen gebildet.
org-make = Anlegen
org-first-administrator = Noch gehört niemand zu ihr. Bitte laden Sie zuerst jemanden ein, der sie verwaltet.
org-wrong-name = Bitte geben Sie einen Namen mit höchstens 100 Zeichen ein.
org-wrong-slug = Ein Kurzname hat 2 bis 60 Kleinbuchstaben, Ziffern und Bindestriche und keinen Bindestrich am Rand.
org-wrong-slug-taken = Dieser Kurzname ist vergeben. Der im Feld ist frei.
org-wrong-roles = Rollen haben Kleinbuchstaben, Ziffern und Bindestriche, mit Leerzeichen dazwischen.
admin-do-end-session = Dort abmelden
admin-do-disconnect = Trennen
admin-what-end-session = Die Anmeldung auf diesem Gerät endet, und Anwendungen verlieren, was sie darin erhalten haben.
admin-what-disconnect = Die Anwendung verliert, was sie erhalten hat, und fragt bei der nächsten Anmeldung wieder.
admin-done-end-session = Die Person ist dort abgemeldet.
admin-done-disconnect = Die Anwendung ist getrennt.
audit-more-organization = Was hier geschah, im Protokoll

# Regeln des Dienstes
nav-policy = Regeln
policy-title = Regeln des Dienstes
policy-lead = Was für alle gilt, und woher jede Regel kommt. Von den Regeln des Dienstes, der Organisationen, der Person und der Anwendung gilt die strengste.
policy-holds = Gilt für alle
policy-from = Kommt von
policy-from-default = eingebaut
policy-from-console = hier in der Konsole festgelegt
policy-from-configuration = aus der Konfiguration ({ $place }), und wird dort geändert
policy-choose = Regel für alle
policy-choose-hint = Sie gilt jeweils ab der nächsten Anmeldung. Wem fehlt, was sie verlangt, wird dazu geführt, es hinzuzufügen.
policy-go-on = Weiter
policy-new = Ab der nächsten Anmeldung:
policy-touches = { $count ->
    [one] Das gilt für eine Person.
   *[other] Das gilt für { $count } Personen.
 } { $without ->
    [0] Alle haben einen Passkey.
    [one] Eine hat keinen Passkey.
   *[other] { $without } haben keinen Passkey.
 } Wem fehlt, was die Regel verlangt, muss es bei der nächsten Anmeldung hinzufügen.
policy-done = Festgelegt. Sie gilt jeweils ab der nächsten Anmeldung.
policy-organizations = Organisationen mit eigener Regel
policy-applications = Anwendungen mit eigener Regel
policy-nobody = Keine.
policy-idle = nicht strenger als was für alle gilt
policy-rules = Was sonst gilt
policy-rules-hint = Dies kommt aus der Konfiguration und wird dort geändert.
policy-rule-sessions-idle_minutes = Minuten, bis eine ungenutzte Sitzung endet
policy-rule-sessions-absolute_hours = Stunden, bis jede Sitzung endet
policy-rule-sign_up-open = Menschen können selbst Konten anlegen
policy-rule-registration-open = Anwendungen können sich ohne Token registrieren
policy-rule-passwords-failures_per_network = Falsche Passwörter je Netzwerk in zehn Minuten
policy-rule-tokens-access_token_minutes = Minuten, die ein Zugriffstoken gilt
policy-rule-tokens-refresh_idle_days = Tage, bis ein ungenutztes Refresh-Token verfällt
policy-rule-tokens-refresh_absolute_days = Tage, bis jedes Refresh-Token verfällt
policy-rule-keys-rotate_days = Tage, bis ein Signaturschlüssel dem nächsten weicht
policy-yes = ja
policy-no = nein
org-branding = Erscheinungsbild der Organisation

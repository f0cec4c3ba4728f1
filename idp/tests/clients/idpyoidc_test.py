"""Portico with idpyoidc, which looks after state, nonce, issuer and PKCE by itself.

Run by idpyoidc.test.mjs, with which it talks in lines of JSON: it is told where the provider is, asks for a
person to be sent to an address and is told where they came out, and reports each test.
"""

import json
import logging
import sys
import unittest
from urllib.parse import parse_qsl, urlsplit

from cryptojwt import KeyJar
from idpyoidc.client.rp_handler import RPHandler


def tell(**message):
    print(json.dumps(message), flush=True)


def hear():
    return json.loads(sys.stdin.readline())


# Of media types that it calls by other names it warns each time, and what fails here it would say twice.
logging.disable(logging.CRITICAL)
office = hear()
PKCE = {
    "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
    "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
}


class Application:
    def __init__(self, client_id, alg):
        config = {
            "issuer": office["issuer"],
            "client_type": "oidc",
            "client_id": client_id,
            "client_secret": office["plain_secret"],
            "redirect_uris": [office["redirect_uri"]],
            "preference": {"response_types": ["code"], "id_token_signed_response_alg": alg},
            "client_authn_methods": ["client_secret_basic"],
            "add_ons": {"pkce": PKCE},
        }
        # Without one it would make keys, and files for them.
        keys = KeyJar()
        self.handler = RPHandler(
            base_url="https://practice.example.org", client_configs={"portico": config}, keyjar=keys
        )

    def sign_in(self, changed=None):
        begun = self.handler.begin("portico", req_args={"scope": ["openid", "profile", "email"]})
        url = begun["url"] if isinstance(begun, dict) else begun
        tell(authorize=url)
        received = dict(parse_qsl(urlsplit(hear()["at"]).query))
        received.update(changed or {})
        return self.handler.finalize(office["issuer"], received)


class SigningIn(unittest.TestCase):
    def setUp(self):
        self.application = Application("laboratory", "PS256")

    def test_with_pkce(self):
        done = self.application.sign_in()
        self.assertEqual(done["userinfo"]["email"], office["email"])
        self.assertEqual(done["id_token"]["sub"], done["userinfo"]["sub"])
        self.assertEqual(done["id_token"]["aud"], ["laboratory"])

    def test_and_refreshing(self):
        done = self.application.sign_in()
        before = done["id_token"]
        client = self.application.handler.issuer2rp[office["issuer"]]
        after = client.refresh_access_token(done["state"])["__verified_id_token"]
        self.assertEqual((after["sub"], after["auth_time"]), (before["sub"], before["auth_time"]))

    def test_with_the_answer_of_another_visit(self):
        with self.assertRaisesRegex(KeyError, "Unknown state"):
            self.application.sign_in({"state": "x"})

    def test_with_the_answer_of_another_provider(self):
        with self.assertRaisesRegex(Exception, "(?i)iss"):
            self.application.sign_in({"iss": "https://other.example.org"})


class Reporter(unittest.TestResult):
    def addSuccess(self, test):
        tell(test=str(test))

    def addFailure(self, test, error):
        tell(test=str(test), error=self._exc_info_to_string(error, test))

    addError = addFailure

    def addSubTest(self, test, subtest, error):
        if error:
            tell(test=str(subtest), error=self._exc_info_to_string(error, test))


unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]).run(Reporter())

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
from cryptojwt.jwk.rsa import new_rsa_key
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
    """With a secret, or with a key of its own."""

    def __init__(self, client_id, alg, key=None):
        self.how = how = "private_key_jwt" if key else "client_secret_basic"
        config = {
            "issuer": office["issuer"],
            "client_type": "oidc",
            "client_id": client_id,
            "redirect_uris": [office["redirect_uri"]],
            "preference": {
                "response_types": ["code"],
                "id_token_signed_response_alg": alg,
                "token_endpoint_auth_method": how,
                "token_endpoint_auth_signing_alg": "RS256",
            },
            "client_authn_methods": [how],
            "add_ons": {"pkce": PKCE},
        }
        # Without one it would make keys, and files for them.
        keys = KeyJar()
        if key:
            keys.import_jwks({"keys": [key]}, "")
            keys.import_jwks({"keys": [key]}, client_id)
        else:
            config["client_secret"] = office["plain_secret"]
        self.handler = RPHandler(
            base_url="https://practice.example.org", client_configs={"portico": config}, keyjar=keys
        )

    def sign_in(self, changed=None):
        begun = self.handler.begin("portico", req_args={"scope": ["openid", "profile", "email"]})
        url = begun["url"] if isinstance(begun, dict) else begun
        tell(authorize=url)
        received = dict(parse_qsl(urlsplit(hear()["at"]).query))
        received.update(changed or {})
        # It asks the provider for what it may use and then goes by its own default, unless it is told.
        client = self.handler.issuer2rp[office["issuer"]]
        client.get_context().set_usage("token_endpoint_auth_method", self.how)
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


class SigningInWithAKey(unittest.TestCase):
    def test_of_its_own(self):
        done = Application("ward", "EdDSA", key=office["key"]).sign_in()
        self.assertEqual(done["userinfo"]["email"], office["email"])
        self.assertEqual(done["id_token"]["aud"], ["ward"])

    def test_that_nobody_knows(self):
        with self.assertRaisesRegex(Exception, "invalid_client"):
            Application("ward", "EdDSA", key=new_rsa_key(use="sig").serialize(private=True)).sign_in()


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

"""Portico with Authlib, in the requests session that applications use.

Run by authlib.test.mjs, with which it talks in lines of JSON: it is told where the provider is, asks for a
person to be sent to an address and is told where they came out, and reports each test.
"""

import json
import secrets
import sys
import unittest
from time import time
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2 import rfc8414, rfc9101, rfc9207
from authlib.oauth2.rfc6750.errors import InvalidTokenError
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from authlib.oidc import discovery, rpinitiated
from authlib.oidc.core import CodeIDToken, UserInfo
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

PATIENCE = 20
ALGS = {"RS256": RSAKey, "PS256": RSAKey, "ES256": ECKey, "EdDSA": OKPKey}


def tell(**message):
    print(json.dumps(message), flush=True)


def hear():
    return json.loads(sys.stdin.readline())


office = hear()
issuer = office["issuer"]
metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=PATIENCE).json()


def keys():
    return KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=PATIENCE).json())


class Application:
    """A client, its visits and its tokens."""

    def __init__(self, client_id, method, secret=None, alg="ES256", key_alg="ES256", **settings):
        self.client_id, self.alg = client_id, alg
        if method == "private_key_jwt" and secret is None:
            secret = ALGS[key_alg].import_key(office["keys"][key_alg])
        self.session = OAuth2Session(
            client_id,
            secret or office["secret"],
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            token_endpoint=metadata["token_endpoint"],
            redirect_uri=office["redirect_uri"],
            code_challenge_method="S256",
            default_timeout=PATIENCE,
            **settings,
        )
        # Named by the token endpoint, wherever it is sent.
        self.session.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"], alg=key_alg))
        self.session.register_client_auth_method(ClientSecretJWT(metadata["token_endpoint"]))

    def visit(self, **more):
        """Sends a person there and back. Returns the address they came out at, and what belongs to it."""
        kept = {"code_verifier": secrets.token_urlsafe(48), "nonce": secrets.token_urlsafe()}
        parameters = {"scope": "openid profile email", "max_age": 300, **kept, **more}
        url, kept["state"] = self.session.create_authorization_url(metadata["authorization_endpoint"], **parameters)
        tell(authorize=url)
        came_out = hear()["at"]
        assert parse_qs(urlsplit(came_out).query)["iss"] == [issuer]
        return came_out, kept

    def redeem(self, came_out, kept):
        tokens = self.session.fetch_token(
            authorization_response=came_out, state=kept["state"], code_verifier=kept["code_verifier"]
        )
        return tokens, self.claims(tokens, nonce=kept["nonce"], max_age=300)

    def claims(self, tokens, **expected):
        """OIDC Core 3.1.3.7, with at_hash."""
        token = jwt.decode(tokens["id_token"], keys(), algorithms=[self.alg])
        options = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": self.client_id},
            **{name: {"essential": True} for name in ["sub", "exp", "iat", "auth_time", "at_hash"]},
        }
        params = {"client_id": self.client_id, "access_token": tokens["access_token"], **expected}
        claims = CodeIDToken(token.claims, token.header, options, params)
        claims.validate(now=int(time()), leeway=0)
        return claims

    def sign_in(self, **more):
        return self.redeem(*self.visit(**more))

    def userinfo(self):
        return self.session.get(metadata["userinfo_endpoint"])

    def introspect(self, name):
        answer = self.session.introspect_token(
            metadata["introspection_endpoint"], token=self.session.token[name], token_type_hint=name
        )
        return answer.json()

    def revoke(self, name):
        return self.session.revoke_token(
            metadata["revocation_endpoint"], token=self.session.token[name], token_type_hint=name
        )


class Api(JWTBearerTokenValidator):
    """An API that verifies by itself (RFC 9068)."""

    def get_jwks(self):
        return keys()


def seen_by(resource, tokens):
    api = Api(issuer, resource)
    token = api.authenticate_token(tokens["access_token"])
    api.validate_token(token, None, None)
    return token


class Authlib(unittest.TestCase):
    def refuses(self, error, call, *arguments, **named):
        with self.assertRaises(OAuthError) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.error, error)

    def test_the_metadata_are_valid(self):
        extensions = [rpinitiated.OpenIDProviderMetadata, rfc9101.AuthorizationServerMetadata]
        extensions.append(rfc9207.AuthorizationServerMetadata)
        discovery.OpenIDProviderMetadata(metadata).validate(metadata_classes=extensions)
        rfc8414.AuthorizationServerMetadata(metadata).validate()
        with self.assertRaises(ValueError):
            discovery.OpenIDProviderMetadata({**metadata, "subject_types_supported": ["any"]}).validate()

    def test_people_sign_in_by_every_method_and_algorithm(self):
        for client, method, alg, secret in [
            ("laboratory", "client_secret_basic", "PS256", office["plain_secret"]),
            ("pharmacy", "client_secret_post", "ES256", None),
            ("clinic", "client_secret_jwt", "PS256", None),
            ("ward", "private_key_jwt", "EdDSA", None),
            ("calendar", "none", "ES256", None),
        ]:
            with self.subTest(method):
                app = Application(client, method, secret, alg)
                tokens, claims = app.sign_in()
                self.assertEqual((claims["acr"], claims["amr"]), ("pwd", ["pwd"]))
                self.assertEqual(tokens["token_type"], "Bearer")
                self.assertEqual(set(tokens["scope"].split()), {"openid", "profile", "email"})
                known = UserInfo(app.userinfo().json())
                self.assertEqual((known["sub"], known.email), (claims["sub"], office["email"]))
                self.assertEqual(seen_by(issuer, tokens)["client_id"], client)

    def test_what_is_not_the_clients_is_refused(self):
        other = "another secret, just as long as the real one"
        for client, method, secret in [
            ("laboratory", "client_secret_basic", other),
            ("pharmacy", "client_secret_post", other),
            ("clinic", "client_secret_jwt", other),
            ("ward", "private_key_jwt", ECKey.generate_key("P-256", private=True)),
            ("pharmacy", "client_secret_basic", office["plain_secret"]),
            ("laboratory", "none", None),
        ]:
            with self.subTest(method):
                app = Application(client, method, secret)
                self.refuses("invalid_client", app.session.fetch_token, grant_type="client_credentials")

    def test_a_key_of_every_algorithm_proves_a_client(self):
        for alg in ALGS:
            with self.subTest(alg):
                app = Application("courier", "private_key_jwt", key_alg=alg)
                tokens = app.session.fetch_token(grant_type="client_credentials", resource=office["letters"])
                self.assertEqual(seen_by(office["letters"], tokens)["sub"], "courier")

    def test_a_verifier_of_another_visit_redeems_nothing(self):
        app = Application("pharmacy", "client_secret_post")
        came_out, kept = app.visit()
        other = {**kept, "code_verifier": secrets.token_urlsafe(48)}
        self.refuses("invalid_grant", app.redeem, came_out, other)
        self.refuses("invalid_grant", app.redeem, came_out, kept)

    def test_an_id_token_is_of_one_visit_and_one_client(self):
        app = Application("pharmacy", "client_secret_post")
        tokens, _ = app.sign_in()
        for wrong in [{"nonce": "another"}, {"access_token": tokens["access_token"] + "x"}]:
            with self.assertRaises(JoseError):
                app.claims(tokens, **wrong)
        with self.assertRaises(JoseError):
            Application("clinic", "client_secret_jwt").claims(tokens)

    def test_a_confidential_client_keeps_its_refresh_token(self):
        app = Application("ward", "private_key_jwt", alg="EdDSA")
        tokens, claims = app.sign_in()
        following = app.session.refresh_token()
        self.assertEqual(following["refresh_token"], tokens["refresh_token"])
        self.assertNotEqual(following["access_token"], tokens["access_token"])
        again = app.claims(following)
        self.assertEqual((again["sub"], again["auth_time"]), (claims["sub"], claims["auth_time"]))
        self.refuses("invalid_scope", app.session.refresh_token, scope="openid slots:read")

    def test_that_of_a_public_client_is_replaced(self):
        app = Application("calendar", "none")
        tokens, claims = app.sign_in()
        following = app.session.refresh_token()
        self.assertNotEqual(following["refresh_token"], tokens["refresh_token"])
        self.assertEqual(app.claims(following)["sub"], claims["sub"])
        thief = Application("pharmacy", "client_secret_post")
        self.refuses("invalid_grant", thief.session.refresh_token, refresh_token=following["refresh_token"])

    def test_a_token_is_for_the_apis_it_was_asked_for(self):
        app = Application("pharmacy", "client_secret_post")
        tokens, claims = app.sign_in(scope="openid slots:read", resource=office["slots"])
        self.assertEqual(seen_by(office["slots"], tokens)["sub"], claims["sub"])
        with self.assertRaises(InvalidTokenError):
            seen_by(office["letters"], tokens)
        self.refuses("invalid_target", app.session.refresh_token, resource=office["letters"])

    def test_a_client_asks_about_its_tokens_and_revokes_them(self):
        for client, method, alg in [("pharmacy", "client_secret_post", "ES256"), ("ward", "private_key_jwt", "EdDSA")]:
            with self.subTest(method):
                app = Application(client, method, alg=alg)
                _, claims = app.sign_in()
                known = app.introspect("access_token")
                self.assertEqual((known["active"], known["sub"], known["client_id"]), (True, claims["sub"], client))
                self.assertEqual(app.revoke("access_token").status_code, 200)
                self.assertEqual(app.introspect("access_token"), {"active": False})
                self.assertEqual(app.userinfo().status_code, 401)
                self.assertTrue(app.introspect("refresh_token")["active"])
                self.assertEqual(app.revoke("refresh_token").status_code, 200)
                self.assertEqual(app.introspect("refresh_token"), {"active": False})
                self.refuses("invalid_grant", app.session.refresh_token)

    def test_tokens_of_others_are_not_revoked(self):
        app = Application("pharmacy", "client_secret_post")
        tokens, _ = app.sign_in()
        other = Application("calendar", "none").session
        answer = other.revoke_token(metadata["revocation_endpoint"], token=tokens["access_token"])
        self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_grant"))
        self.assertEqual(app.userinfo().status_code, 200)


class Report(unittest.TestResult):
    def stopTest(self, test):
        failed = [trace for of, trace in self.failures + self.errors if test.id() in of.id()]
        name = test.id().rpartition(".test_")[2].replace("_", " ")
        tell(test=name, error="\n".join(failed))
        super().stopTest(test)


if __name__ == "__main__":
    unittest.defaultTestLoader.loadTestsFromTestCase(Authlib).run(Report())

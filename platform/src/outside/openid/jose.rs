//! Signed tokens (JWS, RFC 7515) and the keys that verify them (JWK, RFC 7517): ES256 and RS256 alone.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::checks::Doubt;

/// The longest token that is read.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// How long a coordinate on P-256 is (RFC 7518, 6.2.1).
const COORDINATE_BYTES: usize = 32;
/// What an uncompressed point begins with (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// The algorithms that are taken (RFC 7518, 3.1). Neither `none`, nor HMAC, whose key would be one that
/// everybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Es256,
    Rs256,
}

impl Algorithm {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    fn key_type(self) -> &'static str {
        match self {
            Self::Es256 => "EC",
            Self::Rs256 => "RSA",
        }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// A token whose signature is not verified yet.
#[derive(Debug)]
pub struct Signed {
    algorithm: Algorithm,
    kid: Option<String>,
    message: Vec<u8>,
    signature: Vec<u8>,
    /// Not to be read before [`KeySet::verify`].
    pub payload: Vec<u8>,
}

impl Signed {
    /// Reads the compact form.
    ///
    /// # Errors
    /// `Form` for what is no such token, or has extensions that must be understood; `Algorithm` for any but
    /// ES256 and RS256.
    pub fn parse(token: &str) -> Result<Self, Doubt> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Doubt::Form);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Doubt::Form)?;
        let (header, payload) = message.split_once('.').ok_or(Doubt::Form)?;
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Doubt::Form);
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| Doubt::Form)?;
        let algorithm = Algorithm::parse(&header.alg).ok_or(Doubt::Algorithm)?;
        if header.crit.is_some() {
            return Err(Doubt::Form);
        }
        Ok(Self {
            algorithm,
            kid: header.kid,
            message: message.as_bytes().to_vec(),
            signature: decoded(signature)?,
            payload: decoded(payload)?,
        })
    }
}

/// A provider's keys, those that we cannot use too.
#[derive(Debug, Deserialize)]
pub struct KeySet {
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl KeySet {
    /// Verifies a token by the key that it names; one that names none, by the only key of its kind.
    ///
    /// # Errors
    /// `Key` when there is no such key, or several; `Signature` when it did not sign that.
    pub fn verify(&self, signed: &Signed) -> Result<(), Doubt> {
        let mut able = self.keys.iter().filter(|key| key.can_verify(signed.algorithm));
        let key = match &signed.kid {
            Some(kid) => able.find(|key| key.kid.as_ref() == Some(kid)),
            None => able.next().filter(|_| able.next().is_none()),
        };
        let is_signed = key.ok_or(Doubt::Key)?.has_signed(signed).ok_or(Doubt::Key)?;
        if is_signed { Ok(()) } else { Err(Doubt::Signature) }
    }
}

impl Key {
    fn can_verify(&self, algorithm: Algorithm) -> bool {
        self.kty == algorithm.key_type()
            && self.usage.as_ref().is_none_or(|usage| usage == "sig")
            && self.alg.as_ref().is_none_or(|alg| alg == algorithm.as_str())
    }

    /// `None` for a key that is none.
    fn has_signed(&self, signed: &Signed) -> Option<bool> {
        let verified = match signed.algorithm {
            Algorithm::Es256 => {
                let (x, y) = (member(self.x.as_ref())?, member(self.y.as_ref())?);
                let is_point = self.crv.as_deref() == Some("P-256")
                    && x.len() == COORDINATE_BYTES
                    && y.len() == COORDINATE_BYTES;
                let point = is_point.then(|| [&[UNCOMPRESSED][..], &x, &y].concat())?;
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(&signed.message, &signed.signature)
            }
            Algorithm::Rs256 => {
                let key = RsaPublicKeyComponents { n: member(self.n.as_ref())?, e: member(self.e.as_ref())? };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, &signed.message, &signed.signature)
            }
        };
        Some(verified.is_ok())
    }
}

fn member(encoded: Option<&String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(encoded?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 7515, A.2 and A.3: a token of each algorithm, and its key.
    const RS256: &str = concat!(
        "eyJhbGciOiJSUzI1NiJ9",
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujG",
        "bds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0",
        "GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6Lb",
        "gGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    );
    const RS256_KEY: &str = concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B",
        "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5",
        "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7",
        "aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    );
    const ES256: &str = concat!(
        "eyJhbGciOiJFUzI1NiJ9",
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );

    fn keys(keys: &Value) -> KeySet {
        serde_json::from_value(json!({"keys": keys})).unwrap()
    }

    fn ec() -> Value {
        json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        })
    }

    fn rsa() -> Value {
        json!({"kty": "RSA", "n": RS256_KEY, "e": "AQAB"})
    }

    #[test]
    fn the_tokens_of_the_standard_are_verified_by_their_keys() {
        let both = keys(&json!([rsa(), ec(), {"kty": "oct"}, {"kty": "OKP", "crv": "Ed25519", "x": "AA"}]));
        for token in [RS256, ES256] {
            let signed = Signed::parse(token).unwrap();
            assert_eq!(both.verify(&signed), Ok(()));
            assert!(signed.payload.starts_with(b"{\"iss\":\"joe\""));
            let (rest, signature) = token.rsplit_once('.').unwrap();
            let (header, payload) = rest.split_once('.').unwrap();
            let altered = format!("{header}.{}.{signature}", payload.replacen('J', "K", 1));
            assert_eq!(both.verify(&Signed::parse(&altered).unwrap()), Err(Doubt::Signature));
        }
    }

    #[test]
    fn a_key_serves_for_what_it_is_meant_for() {
        let signed = Signed::parse(ES256).unwrap();
        let with = |name: &str, value: &str| {
            let mut key = ec();
            key[name] = value.into();
            key
        };
        for good in [ec(), with("use", "sig"), with("alg", "ES256"), with("kid", "another's name")] {
            assert_eq!(keys(&json!([good])).verify(&signed), Ok(()), "{good}");
        }
        for bad in [
            with("use", "enc"),
            with("alg", "ES384"),
            with("crv", "P-384"),
            with("x", "AA"),
            with("y", "="),
            rsa(),
        ] {
            assert_eq!(keys(&json!([bad])).verify(&signed), Err(Doubt::Key), "{bad}");
        }
        assert_eq!(keys(&json!([ec(), ec()])).verify(&signed), Err(Doubt::Key), "which of them?");
        assert_eq!(keys(&json!([])).verify(&signed), Err(Doubt::Key));
    }

    #[test]
    fn whatever_is_not_signed_by_a_private_key_is_refused_by_its_name() {
        let encoded = |header: &Value| URL_SAFE_NO_PAD.encode(header.to_string());
        for alg in ["none", "None", "HS256", "HS512", "RS512", "PS256", "ES384", "EdDSA", "es256", ""] {
            let token = format!("{}.e30.AAAA", encoded(&json!({"alg": alg})));
            assert_eq!(Signed::parse(&token).err(), Some(Doubt::Algorithm), "{alg}");
        }
        let critical = encoded(&json!({"alg": "ES256", "crit": ["exp"]}));
        let long = "A".repeat(TOKEN_BYTES_MAX);
        for token in ["", ".", "..", "a.b", "e30.e30.AAAA", &format!("{critical}.e30.AAAA"), &long, "é.é.é"]
        {
            assert_eq!(Signed::parse(token).err(), Some(Doubt::Form), "{token}");
        }
    }
}

//! Signatures of tokens by ring, the only cryptography that the program has for TLS too.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
    signature::{Error, Verifier},
};
use ring::{
    error::Unspecified,
    signature::{
        self as ring_signature, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
    },
};

/// Algorithms that tokens may be signed with: only those whose signing key the provider alone has.
pub(super) const ALLOWED: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

static RING: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: verifier,
    // Used for making keys only.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has tokens checked by ring from now on.
pub(super) fn use_ring() {
    // Set already: by another provider's settings, to the same.
    let _ = RING.install_default();
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let scheme = Scheme::of(*algorithm).ok_or(ErrorKind::UnsupportedAlgorithm)?;
    Ok(Box::new(ByRing { algorithm: *algorithm, scheme, key: key.clone() }))
}

/// How ring checks an algorithm.
enum Scheme {
    Rsa(&'static RsaParameters),
    Curve(&'static dyn VerificationAlgorithm),
}

impl Scheme {
    fn of(algorithm: Algorithm) -> Option<Scheme> {
        match algorithm {
            Algorithm::RS256 => Some(Scheme::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA256)),
            Algorithm::RS384 => Some(Scheme::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA384)),
            Algorithm::RS512 => Some(Scheme::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA512)),
            Algorithm::PS256 => Some(Scheme::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA256)),
            Algorithm::PS384 => Some(Scheme::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA384)),
            Algorithm::PS512 => Some(Scheme::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA512)),
            Algorithm::ES256 => Some(Scheme::Curve(&ring_signature::ECDSA_P256_SHA256_FIXED)),
            Algorithm::ES384 => Some(Scheme::Curve(&ring_signature::ECDSA_P384_SHA384_FIXED)),
            Algorithm::EdDSA => Some(Scheme::Curve(&ring_signature::ED25519)),
            // Shared secrets, and algorithms that only a newer library knows.
            _ => None,
        }
    }
}

struct ByRing {
    algorithm: Algorithm,
    scheme: Scheme,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for ByRing {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let checked = match (&self.scheme, self.key.kind()) {
            (Scheme::Rsa(scheme), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(scheme, message, signature)
            }
            (Scheme::Curve(scheme), DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(*scheme, point).verify(message, signature)
            }
            _ => Err(Unspecified),
        };
        checked.map_err(|Unspecified| Error::new())
    }
}

impl JwtVerifier for ByRing {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_allowed_algorithm_can_be_checked_and_no_shared_secret_is_allowed() {
        assert!(ALLOWED.into_iter().all(|algorithm| Scheme::of(algorithm).is_some()));
        for shared in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            assert!(!ALLOWED.contains(&shared) && Scheme::of(shared).is_none());
        }
    }

    /// Appendix A.2 of RFC 7515.
    #[test]
    fn the_example_of_the_specification_is_accepted_and_a_changed_one_is_not() {
        use_ring();
        let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs\
                 D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4\
                 uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
        let message = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZc\
                         AcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtF\
                         ZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        let (n, signature) = (n.replace(' ', ""), signature.replace(' ', ""));
        let key = DecodingKey::from_rsa_components(&n, "AQAB").unwrap();
        let check = |message: &str, algorithm| {
            jsonwebtoken::crypto::verify(&signature, message.as_bytes(), &key, algorithm).unwrap_or(false)
        };
        assert!(check(message, Algorithm::RS256));
        assert!(!check(&message.replace("b290", "b291"), Algorithm::RS256));
        assert!(!check(message, Algorithm::RS384));
        assert!(!check(message, Algorithm::PS256));
        assert!(!check(message, Algorithm::ES256));
        assert!(!check(message, Algorithm::HS256));
    }
}

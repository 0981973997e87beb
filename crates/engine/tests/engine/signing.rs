//! Requests signed for Amazon: what a server that checks signatures sees.

use std::time::Duration;

use millstream_engine::{Carrier, ErrorKind, SessionRequest, Signing, SigningService};
use ring::{digest, hmac};

use crate::support::{Seen, Server, answer, assert_complete, engine, failure, good, request, text_of, told};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn signed(url: String, token: Option<&str>) -> SessionRequest {
    SessionRequest {
        headers: vec![("x-amz-trace".to_owned(), "  two   words ".to_owned())],
        sign: Some(Box::new(Signing {
            service: SigningService::Bedrock,
            region: "eu-central-1".to_owned(),
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: SECRET.to_owned(),
            session_token: token.map(str::to_owned),
        })),
        ..request(url)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the other end computes, from what it was sent.
fn verify(seen: &Seen) {
    let authorization = seen.header("authorization").unwrap();
    let field = |name: &str| {
        let (_, behind) = authorization.split_once(&format!("{name}=")).unwrap();
        behind.split(',').next().unwrap().to_owned()
    };
    let (names, credential) = (field("SignedHeaders"), field("Credential"));
    let time = seen.header("x-amz-date").unwrap();
    let scope = format!("{}/eu-central-1/bedrock/aws4_request", &time[..8]);
    assert_eq!(credential, format!("AKIDEXAMPLE/{scope}"));
    let payload = hex(digest::digest(&digest::SHA256, &seen.body).as_ref());
    assert_eq!(seen.header("x-amz-content-sha256"), Some(payload.as_str()));
    let headers: String = names
        .split(';')
        .map(|name| {
            let value = seen.header(name).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            format!("{name}:{value}\n")
        })
        .collect();
    let path = seen.head.split(' ').nth(1).unwrap().replace('%', "%25");
    let canonical = format!("POST\n{path}\n\n{headers}\n{names}\n{payload}");
    let digest = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for part in [&time[..8], "eu-central-1", "bedrock", "aws4_request"] {
        key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec();
    }
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), to_sign.as_bytes());
    assert_eq!(field("Signature"), hex(signature.as_ref()));
}

#[tokio::test]
async fn every_attempt_is_signed_anew_for_what_it_sends() {
    let server = Server::start(vec![vec![answer(503, "", "")], good(&["signed"])]).await;
    let mut asked = signed(format!("http://{}/model/some.model-v1%3A0/converse", server.addr), Some("token=="));
    asked.headers.push(("authorization".to_owned(), "Bearer replaced".to_owned()));
    // The signature tells the time in seconds.
    asked.retry.initial_delay = Duration::from_millis(1100);
    let told = told(&engine(), asked).await;
    assert_complete(&told);
    assert_eq!(text_of(&told), "signed");
    let seen = server.seen();
    for request in &seen {
        verify(request);
        assert_eq!(request.head.matches("uthorization:").count(), 1);
        assert_eq!(request.header("x-amz-security-token"), Some("token=="));
    }
    assert_eq!(seen.len(), 2);
    assert_ne!(seen[0].header("authorization"), seen[1].header("authorization"));
}

#[tokio::test]
async fn a_redirect_is_signed_for_where_it_leads() {
    let moved = answer(307, "location: /model/another%2Fmodel/converse\r\n", "");
    let server = Server::start(vec![vec![moved], good(&["moved"])]).await;
    let told = told(&engine(), signed(format!("http://{}/model/a/converse", server.addr), None)).await;
    assert_eq!(text_of(&told), "moved");
    let seen = server.seen();
    seen.iter().for_each(verify);
    assert!(seen[1].head.starts_with("POST /model/another%2Fmodel/converse "), "{}", seen[1].head);
    assert_eq!(seen[1].header("x-amz-security-token"), None);
}

#[tokio::test]
async fn credentials_are_told_to_nobody() {
    let body = format!(r#"{{"message":"key {SECRET} of AKIDEXAMPLE with the token a-session-token is no good"}}"#);
    let server = Server::start(vec![vec![answer(403, "", &body)]]).await;
    let told = told(&engine(), signed(server.url(), Some("a-session-token"))).await;
    let error = failure(&told);
    assert_eq!(error.kind, ErrorKind::Auth);
    for secret in [SECRET, "AKIDEXAMPLE", "a-session-token"] {
        assert!(!format!("{error:?}").contains(secret), "{error:?}");
    }
    assert_eq!(error.message, "HTTP 403: key [redacted] of [redacted] with the token [redacted] is no good");
}

#[tokio::test]
async fn credentials_that_no_header_can_carry_are_refused_without_being_told() {
    let error = failure(&told(&engine(), signed("http://127.0.0.1:9/".to_owned(), Some("sec\nret"))).await);
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::InvalidRequest, "INVALID_HEADER"));
    assert!(!error.message.contains("ret"), "{error:?}");
    let over_socket = SessionRequest { carrier: Carrier::WebSocket, ..signed("http://127.0.0.1:9/".to_owned(), None) };
    assert_eq!(failure(&told(&engine(), over_socket).await).code, "SIGNED_WEBSOCKET");
}

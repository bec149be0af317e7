//! A bucket against a real S3 server, which `make cluster-up` starts.

use accolade_engine::contract;
use accolade_engine::objects::Objects;
use accolade_objects::bucket::{Bucket, Setting};

fn settings() -> Vec<Setting> {
    let given = |name: &str, or: &str| std::env::var(name).unwrap_or_else(|_| or.to_owned());
    [
        ("AWS_ENDPOINT_URL", given("ACCOLADE_TEST_S3", "http://127.0.0.1:19000")),
        ("AWS_ACCESS_KEY_ID", given("ACCOLADE_TEST_S3_ACCESS_KEY", "accolade")),
        ("AWS_SECRET_ACCESS_KEY", given("ACCOLADE_TEST_S3_SECRET_KEY", "accolade-secret")),
        ("AWS_REGION", "us-east-1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

#[test]
fn a_bucket_keeps_the_contract() {
    let run = uuid::Uuid::now_v7();
    contract::objects::check(
        &Bucket::open("s3://accolade", &settings()).unwrap(),
        &format!("contract/{run}"),
    );
}

#[test]
fn a_prefix_within_a_bucket_keeps_the_contract_and_stays_within() {
    let run = uuid::Uuid::now_v7();
    let below = Bucket::open(&format!("s3://accolade/contract/{run}"), &settings()).unwrap();
    contract::objects::check(&below, "p0007");
    let whole = Bucket::open("s3://accolade", &settings()).unwrap();
    let outside = whole.list(&format!("contract/{run}/p0007/")).unwrap();
    assert_eq!(outside.len(), below.list("").unwrap().len());
}

#[test]
fn a_bucket_answers_whoever_belongs_to_another_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let found = runtime.block_on(async {
        let bucket = Bucket::open("s3://accolade", &settings()).unwrap();
        bucket.get_all("contract/never")
    });
    assert_eq!(found.unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn what_refuses_or_is_not_there_is_named() {
    let mut wrong = settings();
    wrong.push(("AWS_SECRET_ACCESS_KEY".to_owned(), "wrong".to_owned()));
    let refused = Bucket::open("s3://accolade", &wrong).unwrap();
    let refused = refused.put("contract/refused", vec![1]).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied, "{refused}");
    assert!(refused.to_string().contains("putting `contract/refused` in `s3://accolade`"));

    let mut nobody = settings();
    nobody.push(("AWS_ENDPOINT_URL".to_owned(), "http://127.0.0.1:9".to_owned()));
    let nobody = Bucket::open("s3://accolade", &nobody).unwrap();
    let nobody = nobody.get_all("contract/any").unwrap_err();
    assert!(nobody.to_string().contains("reading `contract/any`"), "{nobody}");

    let unknown = Bucket::open("ftp://accolade", &settings()).unwrap_err();
    assert!(unknown.to_string().contains("ftp://accolade"), "{unknown}");
}

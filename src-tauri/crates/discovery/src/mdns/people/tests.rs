use earshot_protocol::Person;

use super::*;

fn found(number: u32, name: &str) -> Found {
    at(number, name, &["10.0.0.1:1"])
}

fn at(number: u32, name: &str, addresses: &[&str]) -> Found {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Found {
        device: DeviceId(id),
        person: Some(Person::named(name)),
        phrase: false,
        rooms: false,
        revision: 0,
        versions: vec![1],
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        port: 1,
    }
}

fn device(number: u32) -> DeviceId {
    found(number, "").device
}

fn told(people: &mut People) -> Vec<DiscoveryEvent> {
    std::iter::from_fn(|| people.next_news()).collect()
}

fn addresses(people: &mut People) -> Vec<String> {
    match told(people).pop() {
        Some(DiscoveryEvent::Seen(found)) => found.addresses.iter().map(ToString::to_string).collect(),
        other => panic!("nobody is seen: {other:?}"),
    }
}

#[test]
fn each_change_is_told_once_and_the_latest_only() {
    let mut people = People::default();
    people.heard(found(1, "Ann"), None, &[]);
    people.heard(found(1, "Anna"), None, &[]);
    assert_eq!(people.next_news(), Some(DiscoveryEvent::Seen(found(1, "Anna"))));
    people.heard(found(1, "Anna"), None, &[]);
    assert!(!people.has_news());
    people.gone(device(1));
    people.heard(found(1, "Anna"), None, &[]);
    assert_eq!(people.next_news(), Some(DiscoveryEvent::Seen(found(1, "Anna"))), "never a gone in between");
    people.gone(device(1));
    assert_eq!(people.next_news(), Some(DiscoveryEvent::Gone(device(1))));
    people.heard(found(2, "Bob"), None, &[]);
    people.gone(device(2));
    assert_eq!(people.next_news(), None, "came and went unnoticed");
}

#[test]
fn another_number_is_a_change_where_the_name_is_hidden() {
    let mut people = People::default();
    let hidden = |revision| Found { person: None, revision, ..found(1, "") };
    for (revision, is_news) in [(1, true), (2, true), (2, false), (3, true)] {
        people.heard(hidden(revision), None, &[]);
        let news = is_news.then(|| DiscoveryEvent::Seen(hidden(revision)));
        assert_eq!(people.next_news(), news);
    }
}

#[test]
fn people_are_bounded_and_make_room() {
    let mut people = People::default();
    for number in 0..2 * MAX_PEOPLE {
        let asks = people.heard(found(number, "Somebody"), None, &[]);
        assert_eq!(asks, number >= MAX_PEOPLE, "no room: who is there is to be found out");
    }
    assert_eq!((people.heard.len(), people.instances.len()), (MAX_PEOPLE as usize, MAX_PEOPLE as usize));
    assert!(people.gone(device(0)));
    people.heard(found(MAX_PEOPLE, "Somebody"), None, &[]);
    assert!(people.heard.contains_key(&device(MAX_PEOPLE)));
    // Made up, all of them: nobody answers.
    people.ask(Instant::now());
    assert!(!people.heard(found(9_000, "Ann"), None, &[]));
    assert_eq!(people.heard.len(), MAX_PEOPLE as usize);
    assert!(people.heard.contains_key(&device(9_000)));
}

#[test]
fn who_is_not_heard_again_goes() {
    let mut people = People::default();
    let now = Instant::now();
    people.heard(found(1, "Ann"), None, &[]);
    people.heard(found(2, "Bob"), None, &[]);
    told(&mut people);
    assert_eq!(people.deadline(), None);
    people.ask(now);
    assert!(people.awaits());
    people.heard(found(2, "Bob"), None, &[]);
    // Asked again meanwhile, by whomever: Ann is not given more time by that.
    people.ask(now + DOUBT_TIMEOUT);
    people.heard(found(2, "Bob"), None, &[]);
    assert_eq!(people.deadline(), Some(now + HEARD_AGAIN));
    people.keep_heard(now + HEARD_AGAIN - Duration::from_millis(1), &[]);
    assert!(!people.has_news());
    people.keep_heard(now + HEARD_AGAIN, &[]);
    assert_eq!(told(&mut people), [DiscoveryEvent::Gone(device(1))]);
    assert_eq!(people.by_instance(&record::instance(&device(1))), None);
    assert_eq!(people.by_instance(&record::instance(&device(2))), Some(device(2)));
    assert_eq!(people.by_instance(""), None);
}

#[test]
fn a_goodbye_is_believed_with_its_secret_alone() {
    let (secret, other) = (Nonce([1; 32]), Nonce([2; 32]));
    let known = || {
        let mut people = People::default();
        people.heard(found(1, "Ann"), Some(record::promise(&secret)), &[]);
        told(&mut people);
        people
    };
    let mut people = known();
    assert!(!people.leaves(device(1), Some(&secret)));
    assert_eq!(told(&mut people), [DiscoveryEvent::Gone(device(1))]);

    let now = Instant::now();
    for secret in [None, Some(&other)] {
        let mut people = known();
        assert!(people.leaves(device(1), secret), "the network is asked");
        assert_eq!(people.deadline(), None, "not before it has been");
        people.ask(now);
        people.keep_heard(now + DOUBT_TIMEOUT - Duration::from_millis(1), &[]);
        assert!(!people.has_news());
        people.heard(found(1, "Ann"), None, &[]);
        people.keep_heard(now + 2 * HEARD_AGAIN, &[]);
        assert!(!people.has_news(), "who answers stays");

        assert!(people.doubt(device(1)));
        people.ask(now);
        assert!(!people.doubt(device(1)), "asked already");
        people.keep_heard(now + DOUBT_TIMEOUT, &[]);
        assert_eq!(told(&mut people), [DiscoveryEvent::Gone(device(1))], "who does not, goes");
    }
}

#[test]
fn a_promise_that_somebody_else_made_is_not_believed() {
    let (secret, other) = (Nonce([1; 32]), Nonce([2; 32]));
    let mut people = People::default();
    let now = Instant::now();
    people.heard(found(1, "Ann"), Some(record::promise(&secret)), &[]);
    assert!(people.heard(found(1, "Ann"), Some(record::promise(&other)), &[]), "one of them is not Ann's");
    told(&mut people);
    for secret in [&other, &secret] {
        people.leaves(device(1), Some(secret));
        assert!(!people.has_news());
    }
    // Only one of the two is heard again: then that one counts.
    people.ask(now);
    people.heard(found(1, "Ann"), Some(record::promise(&secret)), &[]);
    people.keep_heard(now + DOUBT_TIMEOUT, &[]);
    people.leaves(device(1), Some(&secret));
    assert_eq!(told(&mut people), [DiscoveryEvent::Gone(device(1))]);
    for number in 0..20 {
        people.heard(found(1, "Ann"), Some(Digest([number; 32])), &[]);
    }
    assert_eq!(people.heard[&device(1)].promises.len(), MAX_PROMISES);
}

#[test]
fn another_address_stands_beside_the_first_until_asked() {
    let mut people = People::default();
    let now = Instant::now();
    assert!(!people.heard(at(1, "Ann", &["10.0.0.1:1"]), None, &[]));
    assert!(
        !people.heard(at(1, "Ann", &["10.0.0.1:1", "10.0.0.2:1"]), None, &[]),
        "more is no contradiction"
    );
    assert!(people.heard(at(1, "Ann", &["10.0.0.9:6"]), None, &[]), "something else is");
    assert_eq!(addresses(&mut people), ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.9:6"]);
    // Both answer: both stay.
    people.ask(now);
    assert!(!people.heard(at(1, "Ann", &["10.0.0.9:6"]), None, &[]), "asked already");
    people.heard(at(1, "Ann", &["10.0.0.1:1", "10.0.0.2:1"]), None, &[]);
    people.keep_heard(now + DOUBT_TIMEOUT, &[]);
    assert!(!people.has_news());
    // The false one alone is heard no more.
    people.ask(now);
    people.heard(at(1, "Ann", &["10.0.0.1:1", "10.0.0.2:1"]), None, &[]);
    people.keep_heard(now + DOUBT_TIMEOUT, &[]);
    assert_eq!(addresses(&mut people), ["10.0.0.1:1", "10.0.0.2:1"]);
    assert_eq!(people.deadline(), None);
}

#[test]
fn a_flood_of_addresses_does_not_drive_the_first_out() {
    let mut people = People::default();
    people.heard(at(1, "Ann", &["10.0.0.200:1"]), None, &[]);
    for number in 0..100 {
        people.heard(at(1, "Ann", &[&format!("10.0.0.{number}:1")]), None, &[]);
        let heard = addresses(&mut people);
        assert!(heard.contains(&"10.0.0.200:1".to_owned()) && heard.len() <= MAX_ADDRESSES as usize);
        if people.heard[&device(1)].ways.len() == MAX_WAYS {
            break;
        }
        people.untold.insert(device(1));
    }
    // They are not heard again, and make room for what is.
    let now = Instant::now();
    people.ask(now);
    people.heard(at(1, "Ann", &["10.0.0.201:1"]), None, &[]);
    people.keep_heard(now + DOUBT_TIMEOUT, &[]);
    assert_eq!(addresses(&mut people), ["10.0.0.201:1"]);
}

#[test]
fn what_expires_after_a_question_was_asked_in_vain() {
    let mut people = People::default();
    let now = Instant::now();
    assert!(!people.verify(device(1), now));
    people.heard(found(1, "Ann"), None, &[]);
    assert!(!people.was_verified(device(1), now + VERIFY_TIMEOUT));
    assert!(people.verify(device(1), now));
    for (after, expected) in [
        (Duration::ZERO, false),
        (Duration::from_secs(1), false),
        (VERIFY_TIMEOUT, true),
        (VERIFY_TIMEOUT + LATE, false),
    ] {
        assert_eq!(people.was_verified(device(1), now + after), expected);
    }
}

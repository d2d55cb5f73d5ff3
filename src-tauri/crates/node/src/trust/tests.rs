use super::*;

const BOB: DeviceId = DeviceId([1; 32]);
const EVE: DeviceId = DeviceId([2; 32]);
const CAT: DeviceId = DeviceId([3; 32]);

fn id(number: u32) -> DeviceId {
    let mut bytes = [9; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    DeviceId(bytes)
}

fn keep(memory: &mut Memory, edit: Option<Edit>) {
    memory.apply(edit.expect("there is room"));
}

/// Knows Bob.
fn memory() -> Memory {
    let mut memory = Memory::default();
    let edit = memory.met(&BOB, "Bob", 100);
    keep(&mut memory, edit);
    memory
}

fn taken(name: &str) -> Option<NameWarning> {
    Some(NameWarning::Taken { by: BOB, name: name.into() })
}

fn changed(from: &str, to: &str) -> Option<NameWarning> {
    Some(NameWarning::Changed { from: from.into(), to: to.into() })
}

#[test]
fn a_stranger_is_shown_by_the_name_it_gives() {
    let standing = Memory::default().standing(&EVE, "Eve");
    let expected = Standing { name: "Eve".into(), trust: Trust::Stranger, blocked: false, warning: None };
    assert_eq!(standing, expected);
    // A hub may pass on anything as a name.
    for bad in ["", "  ", "\n\n", "\u{200b}"] {
        assert_eq!(Memory::default().standing(&EVE, bad).name, EVE.short().to_string(), "{bad:?}");
    }
    let long = Memory::default().standing(&EVE, &"\u{1f600}".repeat(5_000)).name;
    assert!(Person::named(long.as_str()).check().is_ok(), "{long}");
    assert_eq!(Memory::default().standing(&EVE, "E\u{202e}ve\n").name, "Eve");
}

#[test]
fn another_key_under_a_known_name_is_told() {
    let memory = memory();
    assert_eq!(memory.standing(&BOB, "Bob").warning, None);
    assert_eq!(memory.standing(&BOB, "Bob").trust, Trust::Met);
    for name in
        ["Bob", "bob", " B ob", "B\u{43e}b", "\u{ff22}\u{ff4f}\u{ff42}", "Bo\u{200b}b", "8ob", "\u{412}ob"]
    {
        let standing = memory.standing(&EVE, name);
        let expected = if name == "8ob" { None } else { taken("Bob") };
        assert_eq!((standing.trust, standing.warning), (Trust::Stranger, expected), "{name:?}");
    }
    assert_eq!(memory.standing(&EVE, "Rob").warning, None);
}

#[test]
fn a_known_device_under_another_name_is_told() {
    let mut memory = memory();
    for same in ["bob", "B ob", "BOB", "\u{ff22}ob"] {
        assert_eq!(memory.standing(&BOB, same).warning, None, "{same:?}");
    }
    for other in ["Robert", "B\u{43e}b"] {
        let standing = memory.standing(&BOB, other);
        assert_eq!((standing.name.as_str(), standing.warning), ("Bob", changed("Bob", other)));
    }
    // Nothing is said yet.
    assert_eq!(memory.standing(&BOB, "").warning, None);
    memory.heard_name(&BOB, "Robert");
    assert_eq!(memory.list()[0].standing.warning, changed("Bob", "Robert"));
    let edit = memory.name_accepted(&BOB).expect("known");
    memory.apply(edit);
    assert_eq!(memory.standing(&BOB, "Robert").warning, None);
    assert_eq!(memory.standing(&BOB, "Bob").warning, changed("Robert", "Bob"));
    assert_eq!(memory.standing(&EVE, "Bob").warning, None, "nobody has that name any more");
    assert_eq!(memory.standing(&EVE, "Robert").warning, taken("Robert"));
    assert_eq!(memory.name_accepted(&EVE), Err(ErrorCode::DeviceUnknown));
}

#[test]
fn a_known_device_that_takes_anothers_name_is_told_as_the_worse() {
    let mut memory = memory();
    let edit = memory.met(&CAT, "Cat", 200);
    keep(&mut memory, edit);
    assert_eq!(memory.standing(&CAT, "Bob").warning, taken("Bob"));
    // Two who are both known as Bob are no surprise.
    memory.heard_name(&CAT, "Bob");
    let edit = memory.name_accepted(&CAT).expect("known");
    memory.apply(edit);
    assert_eq!(memory.standing(&CAT, "Bob").warning, None);
    assert_eq!(memory.standing(&BOB, "Bob").warning, None);
    // Of two, the one who was verified is named.
    let edit = memory.compared(&BOB, "Bob", true, 300);
    keep(&mut memory, edit);
    let edit = memory.met(&CAT, "Bob", 400);
    keep(&mut memory, edit);
    assert_eq!(memory.standing(&EVE, "Bob").warning, taken("Bob"));
}

#[test]
fn the_owners_own_name_counts_too() {
    let mut memory = memory();
    let edit = memory.renamed(&BOB, Some(" Uncle ".into())).expect("known");
    memory.apply(edit);
    assert_eq!(memory.standing(&BOB, "Bob").name, "Uncle");
    assert_eq!(memory.standing(&BOB, "Bob").warning, None);
    assert_eq!(memory.standing(&BOB, "Uncle").warning, None);
    assert_eq!(memory.standing(&BOB, "Robert").warning, changed("Bob", "Robert"));
    assert_eq!(memory.standing(&EVE, "uncle").warning, taken("Uncle"));
    assert_eq!(memory.standing(&EVE, "Bob").warning, taken("Uncle"));
    for bad in ["", " ", "\u{200b}", "a\nb", &"x".repeat(65)] {
        assert_eq!(memory.renamed(&BOB, Some(bad.into())), Err(ErrorCode::NameInvalid), "{bad:?}");
    }
    assert_eq!(memory.renamed(&EVE, None), Err(ErrorCode::DeviceUnknown));
    let edit = memory.renamed(&BOB, None).expect("known");
    memory.apply(edit);
    assert_eq!(memory.standing(&BOB, "Bob").name, "Bob");
    assert_eq!(memory.standing(&EVE, "uncle").warning, None);
}

#[test]
fn a_name_is_kept_from_the_first_meeting_on() {
    let mut memory = memory();
    let edit = memory.met(&BOB, "Robert", 500);
    keep(&mut memory, edit);
    let row = &memory.list()[0];
    assert_eq!((row.kept_name.as_str(), row.first_met, row.last_met), ("Bob", 100, 500));
    assert_eq!(row.standing.warning, changed("Bob", "Robert"));
}

#[test]
fn comparing_verifies_and_a_difference_takes_it_back() {
    let mut memory = memory();
    assert_eq!(memory.compared(&BOB, "Bob", false, 2), None, "there was nothing to lose");
    assert_eq!(memory.compared(&EVE, "Eve", false, 2), None);
    let edit = memory.compared(&BOB, "Bob", true, 3);
    keep(&mut memory, edit);
    assert_eq!(memory.standing(&BOB, "").trust, Trust::Verified);
    // Another meeting changes nothing about it.
    let edit = memory.met(&BOB, "Bob", 4);
    keep(&mut memory, edit);
    assert_eq!(memory.standing(&BOB, "").trust, Trust::Verified);
    let edit = memory.compared(&BOB, "Bob", false, 5);
    keep(&mut memory, edit);
    assert_eq!(memory.standing(&BOB, "").trust, Trust::Met);
    // Whom the owner verified is known.
    let edit = memory.compared(&EVE, "Eve", true, 6);
    keep(&mut memory, edit);
    assert_eq!((memory.standing(&EVE, "").trust, memory.is_known(&EVE)), (Trust::Verified, true));
}

#[test]
fn blocking_a_stranger_makes_nobody_known() {
    let mut memory = memory();
    assert_eq!(memory.blocked_or_not(&EVE, None, true, 1), Err(ErrorCode::DeviceUnknown));
    assert_eq!(memory.blocked_or_not(&EVE, Some("Eve"), false, 1), Ok(Edit::default()));
    let edit = memory.blocked_or_not(&EVE, Some("Eve"), true, 1).expect("there is room");
    assert!(edit.changes_blocked(&memory));
    memory.apply(edit);
    let standing = memory.standing(&EVE, "Eve");
    assert_eq!((standing.blocked, standing.trust), (true, Trust::Stranger));
    assert_eq!(memory.standing(&CAT, "Eve").warning, None, "no name of a stranger's is anybody's");
    assert_eq!(memory.blocked(), [EVE]);
    // Met after all, and still blocked.
    let edit = memory.met(&EVE, "Evelyn", 7).expect("there is room");
    assert!(!edit.changes_blocked(&memory));
    memory.apply(edit);
    assert_eq!(
        memory.list().iter().find(|row| row.device == EVE).map(|row| row.kept_name.as_str()),
        Some("Evelyn")
    );
    assert!(memory.is_blocked(&EVE));
    let edit = memory.blocked_or_not(&EVE, None, false, 8).expect("known");
    assert!(edit.changes_blocked(&memory));
    memory.apply(edit);
    assert!(memory.is_known(&EVE) && memory.blocked().is_empty());
}

#[test]
fn forgetting_unblocks_and_the_next_meeting_is_the_first() {
    let mut memory = memory();
    let edit = memory.blocked_or_not(&BOB, None, true, 1).expect("known");
    memory.apply(edit);
    let edit = memory.forgotten(&BOB).expect("known");
    assert!(edit.changes_blocked(&memory));
    memory.apply(edit);
    assert_eq!((memory.is_blocked(&BOB), memory.list().len()), (false, 0));
    assert_eq!(memory.standing(&EVE, "Bob").warning, None);
    assert_eq!(memory.forgotten(&BOB), Err(ErrorCode::DeviceUnknown));
    let edit = memory.met(&BOB, "Robert", 9);
    keep(&mut memory, edit);
    assert_eq!((memory.list()[0].kept_name.as_str(), memory.list()[0].first_met), ("Robert", 9));
}

#[test]
fn the_memory_is_bounded_and_keeps_the_verified_and_the_blocked() {
    let mut memory = Memory::default();
    for number in 0..MAX_KNOWN {
        let edit = memory.met(&id(number), "Bob", u64::from(number));
        keep(&mut memory, edit);
    }
    let edit = memory.compared(&id(0), "Bob", true, 0);
    keep(&mut memory, edit);
    let edit = memory.blocked_or_not(&id(1), None, true, 0).expect("known");
    memory.apply(edit);
    let edit = memory.met(&BOB, "Bob", 1 << 40).expect("there is room");
    assert_eq!(edit.remove, [id(2)]);
    memory.apply(edit);
    assert_eq!(memory.list().len(), MAX_KNOWN as usize);
    for number in 3..MAX_KNOWN {
        let edit = memory.compared(&id(number), "Bob", true, 1 << 41);
        keep(&mut memory, edit);
    }
    let edit = memory.compared(&BOB, "Bob", true, 1 << 41);
    keep(&mut memory, edit);
    assert_eq!(memory.met(&EVE, "Eve", 1 << 42), None, "nobody can go");
    assert_eq!(memory.blocked_or_not(&EVE, Some("Eve"), true, 1 << 42), Err(ErrorCode::SettingInvalid));
}

#[test]
fn as_many_may_be_blocked_as_a_hub_takes() {
    let mut memory = Memory::default();
    for number in 0..MAX_BLOCKED {
        let edit = memory.blocked_or_not(&id(number), Some("Eve"), true, 1).expect("there is room");
        memory.apply(edit);
    }
    assert_eq!(memory.blocked_or_not(&BOB, Some("Bob"), true, 1), Err(ErrorCode::SettingInvalid));
    // Again changes nothing, and is no error.
    assert!(memory.blocked_or_not(&id(0), None, true, 1).is_ok());
}

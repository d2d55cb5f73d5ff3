//! What is told of the simulated offices, and what must hold in them.

use std::collections::BTreeSet;

use earshot_protocol::DeviceId;
use proptest::prelude::*;

use super::{ONE, Office, TOGETHER, device};
use crate::succession::{Incarnation, SEEK_FOR};

#[derive(Debug, Clone)]
enum Trouble {
    Sleep(usize),
    Wake(usize),
    Split(Vec<u8>),
    Heal,
    Leave(usize),
    /// Time in which nothing settles.
    Pass(u64),
    /// Time in which everything does.
    Settle(u64),
}

const PEOPLE: usize = 6;

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        3 => (0..PEOPLE).prop_map(Trouble::Sleep),
        3 => (0..PEOPLE).prop_map(Trouble::Wake),
        3 => prop::collection::vec(0..3_u8, PEOPLE).prop_map(Trouble::Split),
        2 => Just(Trouble::Heal),
        1 => (0..PEOPLE).prop_map(Trouble::Leave),
        6 => (0..4_000_u64).prop_map(Trouble::Pass),
        4 => (0..60_000_u64).prop_map(Trouble::Settle),
    ]
}

fn tell(people: usize, delay: u64, story: Vec<Trouble>) {
    let mut office = Office::open(people, delay);
    let people: BTreeSet<usize> = (0..people).collect();
    let mut seen = 0;
    for trouble in story {
        // Those who are apart for longer than [`SEEK_FOR`] are not sought any more.
        if office.now + 100_000 > u64::from(SEEK_FOR) {
            break;
        }
        match trouble {
            Trouble::Sleep(one) if people.contains(&one) => office.sleep(one),
            Trouble::Wake(one) if people.contains(&one) => office.wake(one),
            Trouble::Split(parts) => {
                office.part = parts[..people.len()].to_vec();
                office.changed();
            }
            Trouble::Heal => {
                office.part.fill(0);
                office.changed();
            }
            Trouble::Leave(one) if people.contains(&one) => office.leave(one),
            Trouble::Pass(ms) => office.pass(ms),
            Trouble::Settle(more) => {
                office.pass(ONE + more);
                office.check_together();
            }
            _ => {}
        }
        office.check_leaves(seen);
        seen = office.gone.len();
    }
    office.part.fill(0);
    for one in people {
        office.awake[one] = true;
        office.set_tick(one);
    }
    office.changed();
    office.pass(ONE);
    office.check_together();
    let incarnations: BTreeSet<(u32, DeviceId)> = office
        .present()
        .into_iter()
        .map(|one| office.nodes[one].as_ref().expect("present").current())
        .map(|one| (one.epoch, one.hub))
        .collect();
    assert!(incarnations.len() <= 1, "one room again: {incarnations:?}");
}

#[test]
fn when_the_hub_dies_everybody_is_together_within_five_seconds() {
    for people in 2..8 {
        let mut office = Office::open(people, 5);
        office.pass(1_000);
        office.sleep(0);
        office.pass(TOGETHER);
        office.check_together();
        let node = office.nodes[1].as_ref().expect("present");
        assert_eq!(node.current(), Incarnation { epoch: 1, hub: device(1) }, "the next in the order");
        // The host comes back as a participant.
        office.wake(0);
        office.pass(ONE);
        office.check_together();
        assert_eq!(office.nodes[0].as_ref().expect("present").current().hub, device(1));
        assert_eq!(office.gone, [], "nobody was told of a leave");
    }
}

#[test]
fn when_two_hubs_die_the_third_holds_the_room_within_five_seconds() {
    let mut office = Office::open(4, 5);
    office.pass(1_000);
    office.sleep(0);
    office.sleep(1);
    office.pass(TOGETHER);
    office.check_together();
    assert_eq!(office.nodes[3].as_ref().expect("present").current().hub, device(2));
}

#[test]
fn two_halves_go_on_and_become_one() {
    let mut office = Office::open(5, 5);
    office.pass(1_000);
    office.part = vec![0, 0, 1, 1, 1];
    office.changed();
    office.pass(TOGETHER);
    office.check_together();
    assert_eq!(
        office.nodes[1].as_ref().expect("present").current().epoch,
        0,
        "the hub's half stays where it is"
    );
    office.pass(60_000);
    office.part = vec![0; 5];
    office.changed();
    office.pass(TOGETHER);
    office.check_together();
    for one in 0..5 {
        assert_eq!(
            office.nodes[one].as_ref().expect("present").current(),
            Incarnation { epoch: 1, hub: device(2) }
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_shrink_iters: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn a_room_outlives_any_story(
        people in 2..=PEOPLE,
        delay in 1..200_u64,
        story in prop::collection::vec(trouble(), 1..40),
    ) {
        tell(people, delay, story);
    }
}

#[test]
fn stories_that_once_went_wrong() {
    use Trouble::{Heal, Leave, Pass, Settle, Sleep, Split, Wake};
    let stories = [
        (
            3,
            1,
            vec![
                Split(vec![0, 1, 0]),
                Pass(1501),
                Heal,
                Pass(1502),
                Leave(1),
                Split(vec![0, 1, 1]),
                Pass(1501),
            ],
        ),
        (3, 1, vec![Split(vec![2, 2, 0]), Pass(500), Split(vec![1, 0, 0]), Settle(15_000)]),
        (3, 1, vec![Split(vec![1, 0, 0]), Settle(0), Leave(1), Sleep(1), Pass(2998)]),
        (3, 99, vec![Pass(986), Split(vec![2, 1, 1]), Pass(2311), Split(vec![0, 1, 0]), Settle(0)]),
        (3, 1, vec![Sleep(1), Settle(15_500), Wake(1), Pass(3001), Sleep(0), Settle(0)]),
        (
            5,
            23,
            vec![
                Split(vec![0, 0, 1, 0, 1]),
                Pass(3116),
                Split(vec![1, 0, 1, 0, 0]),
                Pass(1476),
                Heal,
                Settle(13_500),
            ],
        ),
        (
            5,
            167,
            vec![
                Split(vec![0, 1, 1, 0, 2]),
                Pass(3784),
                Settle(11_555),
                Pass(609),
                Settle(43_317),
                Leave(0),
                Pass(1902),
                Split(vec![0, 1, 0, 0, 0]),
                Settle(10_383),
                Pass(2617),
                Heal,
                Pass(2500),
            ],
        ),
        (
            5,
            87,
            vec![Split(vec![1, 0, 0, 0, 0]), Settle(0), Sleep(1), Pass(2499), Wake(1), Heal, Settle(849)],
        ),
        (
            6,
            63,
            vec![
                Pass(921),
                Split(vec![1, 0, 0, 0, 0, 0]),
                Settle(12079),
                Split(vec![1, 0, 2, 0, 0, 1]),
                Pass(3063),
                Heal,
                Settle(0),
            ],
        ),
    ];
    for (people, delay, story) in stories {
        tell(people, delay, story);
    }
}

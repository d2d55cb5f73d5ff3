//! Meetings are found over real links between nodes: listed on the network, and by their code.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use earshot_discovery::memory::Ether;
use earshot_protocol::hub::RoomState;
use earshot_protocol::owner::SettingsChange;
use earshot_protocol::{
    DeviceId, Door, ErrorCode, Event, FromNode, HubMessage, Media, OpenRoom, OwnerReply, OwnerRequest, Reply,
    Request, RoomCode, RoomId, RoomRef, RoomRules,
};

use common::Person;

async fn begins(host: &mut Person, rules: RoomRules) -> RoomState {
    match host.ask(Request::CreateRoom { via: None, rules, media: Media::Voice }).await {
        Ok(Reply::Room(state)) => state,
        other => panic!("{other:?}"),
    }
}

fn listed() -> RoomRules {
    RoomRules { title: "Stand-up".into(), listed: true, ..RoomRules::open_to(4) }
}

async fn looks(who: &mut Person) {
    assert_eq!(who.own(OwnerRequest::Watch { watching: true }).await, Ok(OwnerReply::Done));
}

/// Waits until a room is told of; gives the hub and the entry.
async fn sees(who: &mut Person, room: RoomId) -> (RoomRef, OpenRoom) {
    who.event("a room in the list", |event| match event {
        Event::RoomsChanged { hub, here, .. } => here
            .iter()
            .find(|one| one.room == room)
            .map(|one| (RoomRef { hub: hub.clone(), room }, one.clone())),
        _ => None,
    })
    .await
}

async fn sees_no_more(who: &mut Person, room: RoomId) {
    who.event("a room taken off the list", |event| {
        matches!(event, Event::RoomsChanged { gone, .. } if gone.contains(&room)).then_some(())
    })
    .await;
}

/// The rooms that a window has been told of for a while.
async fn list_after(who: &mut Person, time: Duration) -> BTreeMap<RoomId, OpenRoom> {
    let deadline = tokio::time::Instant::now() + time;
    while let Ok(Some(message)) = tokio::time::timeout_at(deadline, who.window.next()).await {
        who.heard.push(message);
    }
    let mut rooms = BTreeMap::new();
    for message in &who.heard {
        if let FromNode::Message { message: HubMessage::Event { event }, .. } = message
            && let Event::RoomsChanged { here, gone, .. } = event
        {
            rooms.retain(|id, _| !gone.contains(id));
            rooms.extend(here.iter().map(|one| (one.room, one.clone())));
        }
    }
    rooms
}

async fn joins(who: &mut Person, room: RoomRef) {
    let joined = who.ask(Request::Join { room, media: Media::Voice, password: None }).await;
    assert!(matches!(joined, Ok(Reply::Room(_))), "{joined:?}");
}

async fn finds(who: &mut Person, room: RoomId) -> Result<Vec<(RoomRef, DeviceId)>, ErrorCode> {
    match who.ask(Request::FindRoom { code: RoomCode::of(&room) }).await? {
        Reply::Found { rooms } => Ok(rooms
            .into_iter()
            .map(|one| (RoomRef { hub: one.hub, room: one.room.room }, one.room.host))
            .collect()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_meeting_is_listed_on_the_network_and_joined() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    bob.sees(ann.device(), |_| true).await;
    looks(&mut bob).await;
    let room = begins(&mut ann, listed()).await.room.room;
    let (there, entry) = sees(&mut bob, room).await;
    assert_eq!(
        (entry.summary.title.as_str(), entry.summary.present, entry.name.as_str()),
        ("Stand-up", 1, "Ann")
    );
    assert_eq!((there.hub.device, entry.host), (ann.device(), ann.device()));
    // The link is kept while Bob looks, longer than an idle one.
    tokio::time::sleep(Duration::from_secs(12)).await;
    joins(&mut bob, there).await;
    let (_, entry) = sees(&mut bob, room).await;
    assert_eq!(entry.summary.present, 2);
    let (_, own) = sees(&mut ann, room).await;
    assert_eq!(own.summary.present, 1, "her own window hears of it, too");
    assert_eq!(bob.ask(Request::Leave { room }).await, Ok(Reply::Done));
    assert_eq!(ann.ask(Request::EndRoom { room }).await, Ok(Reply::Done));
    sees_no_more(&mut bob, room).await;
    sees_no_more(&mut ann, room).await;
}

#[tokio::test]
async fn who_looks_later_or_opens_a_window_later_sees_it_as_well() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    let room = begins(&mut ann, listed()).await.room.room;
    bob.sees(ann.device(), |_| true).await;
    assert!(
        list_after(&mut bob, Duration::from_secs(3)).await.is_empty(),
        "nobody is asked while nobody looks"
    );
    looks(&mut bob).await;
    sees(&mut bob, room).await;
    bob.window = bob.node.attach().await.expect("another window");
    bob.heard.clear();
    sees(&mut bob, room).await;
}

#[tokio::test]
async fn a_host_who_hides_their_name_is_found_by_those_who_ask() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    let change = SettingsChange { hide_name: Some(true), ..SettingsChange::default() };
    ann.node.change_settings(change).await.expect("a setting");
    bob.sees(ann.device(), |_| true).await;
    looks(&mut bob).await;
    let room = begins(&mut ann, listed()).await.room.room;
    let (there, _) = sees(&mut bob, room).await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    joins(&mut bob, there).await;
}

#[tokio::test]
async fn whom_the_host_has_blocked_neither_sees_nor_finds_it() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    let mut carol = Person::arrive(&ether, "Carol").await;
    ann.sees(bob.device(), |_| true).await;
    for who in [&mut bob, &mut carol] {
        who.sees(ann.device(), |_| true).await;
        looks(who).await;
    }
    let block = OwnerRequest::BlockDevice { device: bob.device(), blocked: true };
    assert_eq!(ann.own(block).await, Ok(OwnerReply::Done));
    let room = begins(&mut ann, listed()).await.room.room;
    sees(&mut carol, room).await;
    assert!(list_after(&mut bob, Duration::from_secs(3)).await.is_empty());
    assert_eq!(finds(&mut bob, room).await, Err(ErrorCode::RoomUnknown));
    // And whoever blocks the host does not see what they hold.
    let block = OwnerRequest::BlockDevice { device: ann.device(), blocked: true };
    assert_eq!(carol.own(block).await, Ok(OwnerReply::Done));
    sees_no_more(&mut carol, room).await;
}

#[tokio::test]
async fn a_spoken_code_leads_to_a_room_that_is_not_listed() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    let mut others = Vec::new();
    for number in 0..4 {
        others.push(Person::arrive(&ether, &format!("Colleague {number}")).await);
    }
    bob.sees(ann.device(), |_| true).await;
    let room = begins(&mut ann, RoomRules { door: Door::Knock, ..RoomRules::open_to(4) }).await.room.room;
    let found = finds(&mut bob, room).await.expect("found");
    assert_eq!(found.len(), 1);
    let (there, host) = found[0].clone();
    assert_eq!((there.hub.device, host), (ann.device(), ann.device()));
    let joined = bob.ask(Request::Join { room: there, media: Media::Voice, password: None }).await;
    assert_eq!(joined, Ok(Reply::Knocking));
    assert_eq!(finds(&mut ann, room).await.map(|found| found.len()), Ok(1), "also at the own hub");
    assert_eq!(finds(&mut bob, RoomId([1; 16])).await, Err(ErrorCode::RoomUnknown));
    for _ in 0..20 {
        if finds(&mut bob, RoomId([1; 16])).await == Err(ErrorCode::TooManyRequests) {
            return;
        }
    }
    panic!("codes are tried without end");
}

#[tokio::test]
async fn the_list_forgets_a_hub_that_is_gone() {
    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    bob.sees(ann.device(), |_| true).await;
    looks(&mut bob).await;
    let room = begins(&mut ann, listed()).await.room.room;
    sees(&mut bob, room).await;
    ann.node.shutdown().await;
    sees_no_more(&mut bob, room).await;
}

use earshot_protocol::Person;

use super::*;

/// A task on no adapter at all, so that a test says nothing to the network it runs on.
fn task() -> (Task, watch::Sender<Wanted>, mpsc::Sender<DeviceId>, mpsc::Receiver<DiscoveryEvent>) {
    let announcement = Announcement {
        device: DeviceId([1; 32]),
        person: Person::named("Ann"),
        hidden: false,
        phrase: false,
        rooms: false,
        port: 4000,
        versions: vec![1],
    };
    let choice = crate::InterfaceChoice::only(["no such adapter"]);
    let (wanted, wanted_receiver) = watch::channel(Wanted { announcement, choice, stop: false });
    let (verify, verify_receiver) = mpsc::channel(1);
    let (events, events_receiver) = mpsc::channel(8);
    (Task::new(wanted_receiver, verify_receiver, events), wanted, verify, events_receiver)
}

#[tokio::test]
async fn no_adapter_is_told_and_the_end_is_orderly() {
    let (task, wanted, _verify, mut events) = task();
    let task = tokio::spawn(task.run());
    let first = events.recv().await;
    assert!(matches!(&first, Some(DiscoveryEvent::Interfaces { used, .. }) if used.is_empty()), "{first:?}");
    assert_eq!(events.recv().await, Some(DiscoveryEvent::Problem(Some(NetworkProblem::NoNetwork))));
    wanted.send_modify(|wanted| wanted.stop = true);
    task.await.unwrap();
    assert_eq!(events.recv().await, None);
}

#[tokio::test]
async fn a_thread_that_ends_is_started_again() {
    let (mut task, _wanted, _verify, _events) = task();
    task.start_daemon();
    task.started = Instant::now().checked_sub(RESTART_AFTER).unwrap();
    task.daemon.as_ref().unwrap().kill().await;
    let mut look = interval(INTERFACE_CHECK);
    while task.run == 1 {
        match task.next_step(&mut look).await {
            Step::Browsed(None) => task.browse_again(),
            Step::Monitored(None) => task.lose_daemon(),
            _ => {}
        }
    }
    // Once it has just been started it is not started again at once, but later.
    task.daemon.as_ref().unwrap().kill().await;
    while task.daemon.is_some() {
        match task.next_step(&mut look).await {
            Step::Browsed(None) => task.browse_again(),
            Step::Monitored(None) => task.lose_daemon(),
            _ => {}
        }
    }
    assert_eq!(task.run, 2);
    assert_eq!(task.problem(), Some(NetworkProblem::NoNetwork));
    task.snapshot.used.push("eth0".to_owned());
    assert_eq!(task.problem(), Some(NetworkProblem::DiscoveryFailed));
}

#[tokio::test]
async fn a_queue_that_closes_is_opened_again() {
    let (mut task, _wanted, _verify, _events) = task();
    task.start_daemon();
    // Whoever browses last takes the queue over: the first one closes, as it does when it overflows.
    let stolen = task.daemon.as_ref().unwrap().steal();
    let mut look = interval(INTERFACE_CHECK);
    loop {
        if let Step::Browsed(None) = task.next_step(&mut look).await {
            break;
        }
    }
    task.browse_again();
    loop {
        if let Step::Browsed(Some(ServiceEvent::SearchStarted(_))) = task.next_step(&mut look).await {
            break;
        }
    }
    drop(stolen);
    assert_eq!(task.run, 1, "without a new start");
}

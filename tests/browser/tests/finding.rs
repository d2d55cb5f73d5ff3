//! What the network may learn of who is there: real programs, real multicast, and somebody who listens to all of it.

use std::time::{Duration, Instant};

use earshot_harness::{Figure, Host, Office};
use earshot_tests_browser::{SOON, Seat};

fn seat_with_phrase(host: &Host, name: &str, phrase: &str) -> Seat {
    let launch = host.install(&host.fresh_data_dir()).phrase(phrase).args(&["--name", name]);
    Seat::open(name, Figure::Blue, host.clone(), launch.start(), |chromium| chromium)
}

#[test]
fn hidden_names_and_an_office_with_a_phrase_are_not_overheard() {
    let office = Office::open();
    let mut ear = office.host("ear").overhear();
    let ann = Seat::take(&office, "Ann", Figure::Red);

    // Found as soon as anybody, and called by the name that was asked for.
    let host = office.host("olga");
    let start = Instant::now();
    let _olga = host.earshot("Olga");
    ann.wait_listed("Olga", "Available", SOON);
    eprintln!("Olga, whose name is open, is listed {} ms after her start", start.elapsed().as_millis());
    let host = office.host("hugo");
    let start = Instant::now();
    let mut hugo = host.install(&host.fresh_data_dir()).args(&["--name", "Hugo 189", "--hide-name"]).start();
    ann.wait_listed("Hugo 189", "Available", SOON);
    eprintln!("Hugo, whose name is hidden, is listed {} ms after his start", start.elapsed().as_millis());

    // Three with a phrase, two of them with the same one.
    let (one, other) = ("seven quiet herons", "seven quiet herrings");
    let pia = seat_with_phrase(&office.host("pia"), "Pia 189", one);
    let host = office.host("paul");
    let start = Instant::now();
    let mut paul = host.install(&host.fresh_data_dir()).phrase(one).args(&["--name", "Paul 189"]).start();
    pia.wait_listed("Paul 189", "Available", SOON);
    eprintln!("Paul, of the same office, is listed {} ms after his start", start.elapsed().as_millis());
    let quinn = seat_with_phrase(&office.host("quinn"), "Quinn 189", other);
    // Long enough for everybody to have asked everybody.
    std::thread::sleep(Duration::from_secs(3));
    quinn.page.wait_text("Nobody here yet", SOON);
    for (seat, there) in [(&ann, ["Olga", "Hugo 189"].as_slice()), (&pia, &["Paul 189"])] {
        for name in ["Ann", "Olga", "Hugo 189", "Pia 189", "Paul 189", "Quinn 189"] {
            assert_eq!(seat.lists(name, "Available"), there.contains(&name), "{} lists {name}", seat.name);
        }
    }

    // They ring each other, and say goodbye, as ever.
    pia.page.click("button", "Paul 189, Available");
    pia.page.click("button", "Voice call with Paul 189");
    pia.page.wait_text("Ringing…", SOON);
    pia.page.click("button", "Cancel");
    for (seat, name, app) in [(&ann, "Hugo 189", &mut hugo), (&pia, "Paul 189", &mut paul)] {
        app.process.terminate();
        let start = Instant::now();
        seat.page.wait_gone("button", format!("{name}, Available"), Duration::from_secs(3));
        eprintln!("{name} is gone {} ms after the end was asked for", start.elapsed().as_millis());
    }

    // The ear heard every record, and no more of these names than that.
    let device = hugo.device[..16].to_owned();
    ear.wait_line(SOON, |line| line.contains(&device));
    let heard = ear.stdout();
    for app in [&hugo.device, &paul.device, &pia.app.device, &quinn.app.device] {
        assert!(heard.contains(&format!("id={app}")), "a record of each was heard");
    }
    for open in ["n=Ann", "n=Olga"] {
        assert!(heard.contains(open), "{open} was heard");
    }
    // The digits are none of base32, so that no id looks like a name.
    for hidden in ["Hugo 189", "Pia 189", "Paul 189", "Quinn 189"] {
        let line = heard.lines().find(|line| line.to_lowercase().contains(&hidden.to_lowercase()));
        assert_eq!(line, None, "{hidden} was overheard");
    }
    assert!(!heard.contains("heron"));
}

//! Files to and from a window, which has a WebRTC and a way to the disk of its own.

use std::time::Duration;

use earshot_harness::{Figure, Office, wait_until};
use earshot_tests_browser::files::{choose, part, received, sha256, write_file};
use earshot_tests_desktop::{SOON, Seat, Window, video_call};

#[test]
fn files_go_to_a_window_and_from_it() {
    let office = Office::open();
    let ann = Window::take(&office, "Ann", Figure::Red);
    let bob = Seat::take(&office, "Bob", Figure::Blue);
    video_call(&ann, &bob);
    for (from, to) in [(&*bob, &*ann), (&*ann, &*bob)] {
        let name = format!("from {}.bin", from.name);
        let file = from.host.dir().join(&name);
        write_file(&file, 8);
        from.page.click("button", "Files");
        choose(&from.page, &file);
        to.page.wait_for("button", format!("Accept {name}"), SOON);
        assert!(!received(to).join(&name).exists());
        to.page.click("button", format!("Accept {name}"));
        let kept = received(to).join(&name);
        wait_until("the file to be whole", Duration::from_secs(90), || kept.exists().then_some(()));
        assert_eq!(sha256(&from.host, &file), sha256(&to.host, &kept));
        assert_eq!(part(to), None);
        from.page.press("\u{e00c}");
    }
}

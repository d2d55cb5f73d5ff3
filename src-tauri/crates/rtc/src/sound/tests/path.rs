//! From a microphone to an ear over networks of every kind.

use std::time::Duration;

use super::kit::{Dice, Path, broken, purity, tone};

const SECONDS: usize = 20;

fn a440() -> Vec<f32> {
    tone(440.0, 0.3, SECONDS * 48_000)
}

fn tail(samples: &[f32]) -> &[f32] {
    &samples[2 * 48_000..]
}

fn ms(ms: f64) -> Duration {
    Duration::from_secs_f64(ms.max(0.0) / 1000.0)
}

#[test]
fn a_steady_stream_is_heard_as_it_was_said() {
    let heard = Path::default().run(&a440());
    println!(
        "steady: {:?} dry {} delays {:?} buffered {:?}",
        heard.stats, heard.dry, heard.delays, heard.buffered
    );
    println!(
        "purity {} broken {}",
        purity(tail(&heard.samples), 440.0),
        broken(tail(&heard.samples), 440.0, 20.0)
    );
}

#[test]
fn jitter() {
    for jitter in [5.0, 20.0, 40.0, 80.0] {
        let mut dice = Dice::new(3);
        let heard =
            Path { network: Box::new(move |_, _| vec![ms(2.0 + jitter * dice.roll())]), ..Path::default() }
                .run(&a440());
        println!(
            "jitter {jitter}: concealed {:.4} events {} ins {} rem {} dry {} delays {:?} buffered {:?}",
            heard.concealed(),
            heard.stats.concealment_events,
            heard.stats.inserted,
            heard.stats.removed,
            heard.dry,
            heard.delays,
            heard.buffered
        );
        println!(
            "purity {} broken {}",
            purity(tail(&heard.samples), 440.0),
            broken(tail(&heard.samples), 440.0, 20.0)
        );
    }
}

#[test]
fn loss() {
    for (share, told) in [(0.03, 0.0), (0.03, 0.03), (0.1, 0.1), (0.2, 0.2)] {
        let mut dice = Dice::new(3);
        let heard = Path {
            network: Box::new(move |_, _| if dice.roll() < share { vec![] } else { vec![ms(5.0)] }),
            loss: told,
            ..Path::default()
        }
        .run(&a440());
        println!(
            "loss {share} {told}: concealed {:.4} events {} ins {} rem {} dry {} delays {:?} buffered {:?}",
            heard.concealed(),
            heard.stats.concealment_events,
            heard.stats.inserted,
            heard.stats.removed,
            heard.dry,
            heard.delays,
            heard.buffered
        );
        println!(
            "purity {} broken {}",
            purity(tail(&heard.samples), 440.0),
            broken(tail(&heard.samples), 440.0, 20.0)
        );
    }
}

#[test]
fn drift() {
    for drift in [-200.0, 200.0, 1000.0] {
        let heard = Path { drift, ..Path::default() }.run(&a440());
        println!(
            "drift {drift}: concealed {:.4} events {} ins {} rem {} dry {} delays {:?} buffered {:?}",
            heard.concealed(),
            heard.stats.concealment_events,
            heard.stats.inserted,
            heard.stats.removed,
            heard.dry,
            heard.delays,
            heard.buffered
        );
        println!(
            "purity {} broken {}",
            purity(tail(&heard.samples), 440.0),
            broken(tail(&heard.samples), 440.0, 20.0)
        );
    }
}

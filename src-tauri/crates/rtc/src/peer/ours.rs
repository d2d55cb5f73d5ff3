//! Our descriptions: the engine writes them, this works in what it has no say for (msid, order of codecs, directions that
//! are only offered yet, refused lines).

use std::fmt::Write as _;

use super::codecs::{CodecId, parameter};
use super::theirs::name;
use crate::wire::Direction;

/// How an m-line of ours is to read.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) mid: String,
    /// Their offer does not name it: neither does the answer (RFC 8829, section 5.3.1).
    pub(super) unnamed: bool,
    /// Of data channels.
    pub(super) is_channels: bool,
    /// The m-line that refuses it, port 0.
    pub(super) refused: Option<String>,
    pub(super) direction: Direction,
    pub(super) streams: Vec<String>,
    pub(super) track: String,
    /// In the order of preference; empty for all in the order of the engine.
    pub(super) codecs: Vec<CodecId>,
}

/// What holds for all lines.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// Counts up (RFC 3264, section 5).
    pub(super) version: u64,
    /// `a=ice-ufrag` and `a=ice-pwd`, where the engine's are not to be shown.
    pub(super) credentials: Option<(String, String)>,
    /// False: candidates are gathered anew and trickled.
    pub(super) candidates: bool,
}

/// The text of the engine as it is told to the other side. Lines are found by their mid: the engine has its own order.
pub(super) fn write(engine: &str, head: &Head, plans: &[Plan]) -> String {
    let lines: Vec<&str> = engine.lines().collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with("m=")).collect();
    let session = &lines[..starts.first().copied().unwrap_or(lines.len())];
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    let sections: Vec<&[&str]> = starts.iter().zip(ends).map(|(start, end)| &lines[*start..end]).collect();
    let is_of = |section: &&&[&str], plan: &Plan| match plan.is_channels {
        true => section.first().is_some_and(|line| line.starts_with("m=application")),
        false => section.iter().any(|line| line.strip_prefix("a=mid:") == Some(plan.mid.as_str())),
    };
    let mut text = String::with_capacity(engine.len());
    for line in session {
        session_line(&mut text, line, head, plans);
    }
    for plan in plans {
        let found = sections.iter().find(|section| is_of(section, plan));
        section(&mut text, found.copied().unwrap_or_default(), head, plan);
    }
    text
}

/// Where no line takes part the engine has no say.
pub(super) fn refuse_all(id: &str, head: &Head, plans: &[Plan]) -> String {
    write(&format!("v=0\r\no=- {id} 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"), head, plans)
}

/// The session's id (`o=`).
pub(super) fn id(engine: &str) -> Option<String> {
    let origin = engine.lines().find_map(|line| line.strip_prefix("o="))?;
    origin.split(' ').nth(1).map(str::to_owned)
}

/// The value of an attribute's first line.
pub(super) fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
}

fn session_line(text: &mut String, line: &str, head: &Head, plans: &[Plan]) {
    if let Some(origin) = line.strip_prefix("o=") {
        let id = origin.split(' ').nth(1).unwrap_or("1");
        let _ = write!(text, "o=- {id} {} IN IP4 127.0.0.1\r\n", head.version);
    } else if line.starts_with("a=group:BUNDLE") {
        let bundled = plans.iter().filter(|plan| plan.refused.is_none() && !plan.unnamed);
        let mids: Vec<&str> = bundled.map(|plan| plan.mid.as_str()).collect();
        if !mids.is_empty() {
            let _ = write!(text, "a=group:BUNDLE {}\r\n", mids.join(" "));
        }
    } else if line.starts_with("a=msid-semantic") {
        text.push_str("a=msid-semantic: WMS *\r\n");
    } else if !line.is_empty() {
        let _ = write!(text, "{line}\r\n");
    }
}

fn section(text: &mut String, lines: &[&str], head: &Head, plan: &Plan) {
    if let Some(refused) = &plan.refused {
        let _ = write!(text, "{refused}\r\nc=IN IP4 0.0.0.0\r\n");
        if !plan.unnamed {
            let _ = write!(text, "a=mid:{}\r\n", plan.mid);
        }
        text.push_str("a=inactive\r\n");
        return;
    }
    let is_media = lines.first().is_some_and(|line| !line.starts_with("m=application"));
    let kept = if is_media { payload_types(lines, &plan.codecs) } else { Vec::new() };
    let sends = matches!(plan.direction, Direction::Sendrecv | Direction::Sendonly);
    for line in lines {
        if let Some(media) = line.strip_prefix("m=")
            && is_media
        {
            let _ = write!(text, "m={}", media.splitn(4, ' ').take(3).collect::<Vec<_>>().join(" "));
            for payload_type in &kept {
                let _ = write!(text, " {payload_type}");
            }
            text.push_str("\r\n");
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        match name {
            "a=ice-ufrag" | "a=ice-pwd" if head.credentials.is_some() => {
                if let Some((ufrag, password)) = &head.credentials {
                    let _ =
                        write!(text, "{name}:{}\r\n", if name == "a=ice-ufrag" { ufrag } else { password });
                }
            }
            "a=candidate" | "a=end-of-candidates" if !head.candidates => {}
            "a=sendrecv" | "a=sendonly" | "a=recvonly" | "a=inactive" => {
                let _ = write!(text, "a={}\r\n", self::name(plan.direction));
                if sends {
                    msid(text, plan);
                }
            }
            "a=mid" if plan.unnamed => {}
            "a=mid" => {
                let _ = write!(text, "a=mid:{}\r\n", plan.mid);
            }
            "a=msid" => {}
            "a=ssrc" | "a=ssrc-group" if !sends || value.contains(" msid:") => {}
            "a=rtpmap" | "a=fmtp" | "a=rtcp-fb" => {
                let payload_type = value.split(' ').next().and_then(|number| number.parse().ok());
                if payload_type.is_none_or(|payload_type: u8| kept.contains(&payload_type)) {
                    let _ = write!(text, "{line}\r\n");
                }
            }
            _ if line.is_empty() => {}
            _ => {
                let _ = write!(text, "{line}\r\n");
            }
        }
    }
}

fn msid(text: &mut String, plan: &Plan) {
    let track = if plan.track.is_empty() { &plan.mid } else { &plan.track };
    if plan.streams.is_empty() {
        let _ = write!(text, "a=msid:- {track}\r\n");
    }
    for stream in &plan.streams {
        let _ = write!(text, "a=msid:{stream} {track}\r\n");
    }
}

/// The payload types of a section, those of `codecs` in that order, each followed by its repair.
fn payload_types(lines: &[&str], codecs: &[CodecId]) -> Vec<u8> {
    let listed = lines.first().and_then(|line| line.splitn(4, ' ').nth(3)).unwrap_or_default();
    let listed: Vec<u8> = listed.split(' ').filter_map(|word| word.parse().ok()).collect();
    let of = |name: &str, payload_type: u8| {
        let number = payload_type.to_string();
        lines
            .iter()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(number.as_str())?.strip_prefix(' '))
    };
    let known: Vec<(u8, CodecId)> = listed
        .iter()
        .filter_map(|payload_type| {
            let mut words = of("a=rtpmap:", *payload_type)?.split('/');
            let (codec, clock_rate) = (words.next()?, words.next()?.parse().ok()?);
            let channels = words.next().and_then(|channels| channels.parse().ok());
            let parameters = of("a=fmtp:", *payload_type).unwrap_or_default();
            Some((*payload_type, CodecId::read(codec, clock_rate, channels, parameters)?))
        })
        .collect();
    let mut kept = Vec::new();
    for codec in codecs {
        for (payload_type, _) in known.iter().filter(|(_, id)| id == codec) {
            kept.push(*payload_type);
            kept.extend(listed.iter().copied().filter(|repair| {
                let parameters = of("a=fmtp:", *repair).unwrap_or_default();
                parameter(parameters, "apt").and_then(|apt| apt.parse().ok()) == Some(*payload_type)
            }));
        }
    }
    if kept.is_empty() { listed } else { kept }
}

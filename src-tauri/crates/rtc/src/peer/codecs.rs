//! The codecs that are spoken, and how descriptions name them.

use str0m::format::{Codec as Engine, PayloadParams};

use crate::wire::{Codec, Kind};

/// A codec, in the order that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CodecId {
    Opus,
    Vp8,
    /// Constrained baseline, packetization mode 1: what every browser has.
    H264,
    /// Baseline: answered where constrained baseline is not offered, never offered unasked.
    H264Baseline,
}

/// `profile-level-id` of what is decoded here: level 3.1, as browsers write it.
pub(super) const H264_PROFILE: u32 = 0x0042_e01f;
pub(super) const H264_BASELINE_PROFILE: u32 = 0x0042_001f;

impl CodecId {
    /// What an `a=rtpmap` with its `a=fmtp` is; None for what is not spoken.
    pub(super) fn read(name: &str, clock_rate: u32, channels: Option<u8>, parameters: &str) -> Option<Self> {
        match (name.to_ascii_lowercase().as_str(), clock_rate) {
            ("opus", 48_000) if channels == Some(2) => Some(Self::Opus),
            ("vp8", 90_000) => Some(Self::Vp8),
            ("h264", 90_000) => h264(parameters),
            _ => None,
        }
    }

    /// What the page means by a codec.
    pub(super) fn of(codec: &Codec) -> Option<Self> {
        let (_, name) = codec.mime_type.split_once('/')?;
        let parameters = codec.sdp_fmtp_line.as_deref().unwrap_or_default();
        Self::read(name, codec.clock_rate, codec.channels, parameters)
    }

    pub(super) fn of_engine(parameters: &PayloadParams) -> Option<Self> {
        let spec = parameters.spec();
        match spec.codec {
            Engine::Opus => Some(Self::Opus),
            Engine::Vp8 => Some(Self::Vp8),
            Engine::H264 if spec.format.profile_level_id == Some(H264_BASELINE_PROFILE) => {
                Some(Self::H264Baseline)
            }
            Engine::H264 => Some(Self::H264),
            _ => None,
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Opus => Kind::Audio,
            Self::Vp8 | Self::H264 | Self::H264Baseline => Kind::Video,
        }
    }

    /// See [`crate::frame::CODECS`].
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Opus => 0,
            Self::Vp8 => 1,
            Self::H264 | Self::H264Baseline => 2,
        }
    }

    /// With the parameters of an `a=fmtp`, or "".
    pub(super) fn wire(self, parameters: &str) -> Codec {
        let (mime_type, clock_rate, channels) = match self {
            Self::Opus => ("audio/opus", 48_000, Some(2)),
            Self::Vp8 => ("video/VP8", 90_000, None),
            Self::H264 | Self::H264Baseline => ("video/H264", 90_000, None),
        };
        Codec {
            mime_type: mime_type.to_owned(),
            clock_rate,
            channels,
            sdp_fmtp_line: (!parameters.is_empty()).then(|| parameters.to_owned()),
        }
    }

    /// The name of an `a=rtpmap`.
    pub(super) fn rtpmap(self) -> &'static str {
        match self {
            Self::Opus => "opus/48000/2",
            Self::Vp8 => "VP8/90000",
            Self::H264 | Self::H264Baseline => "H264/90000",
        }
    }

    /// The `a=fmtp` by which the engine knows the codec; levels are negotiable and do not matter to it.
    pub(super) fn engine_parameters(self) -> &'static str {
        match self {
            Self::Opus => "minptime=10;useinbandfec=1",
            Self::Vp8 => "",
            Self::H264 => "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
            Self::H264Baseline => "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
        }
    }
}

/// One parameter of an `a=fmtp`.
pub(super) fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters.split(';').find_map(|one| {
        let (key, value) = one.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// RFC 6184, section 8.1, table 5. Without packetization mode 1 a picture must fit one packet: not spoken.
fn h264(parameters: &str) -> Option<CodecId> {
    if parameter(parameters, "packetization-mode") != Some("1") {
        return None;
    }
    let profile = parameter(parameters, "profile-level-id").unwrap_or("42001f");
    let profile = (profile.len() == 6).then(|| u32::from_str_radix(profile, 16).ok()).flatten()?;
    let [_, profile, constraints, _] = profile.to_be_bytes();
    if constraints & 0x0f != 0 {
        return None;
    }
    match (profile, constraints & 0xc0) {
        (0x42, 0x40 | 0xc0) | (0x4d, 0x80 | 0xc0) | (0x58, 0xc0) => Some(CodecId::H264),
        (0x42, _) | (0x58, 0x80) => Some(CodecId::H264Baseline),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profiles_of_the_browsers_are_known() {
        let with = |profile: &str| {
            h264(&format!("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}"))
        };
        assert_eq!(with("42e01f"), Some(CodecId::H264));
        assert_eq!(with("42e034"), Some(CodecId::H264));
        assert_eq!(with("42001f"), Some(CodecId::H264Baseline));
        assert_eq!(with("4d001f"), None);
        assert_eq!(with("640c1f"), None);
        assert_eq!(with("+2e01f"), None);
        assert_eq!(h264("profile-level-id=42e01f"), None);
        assert_eq!(h264("packetization-mode=0;profile-level-id=42e01f"), None);
    }

    #[test]
    fn a_codec_of_the_page_is_found_by_name_and_clock() {
        for id in [CodecId::Opus, CodecId::Vp8, CodecId::H264, CodecId::H264Baseline] {
            assert_eq!(CodecId::of(&id.wire(id.engine_parameters())), Some(id));
        }
        assert_eq!(CodecId::read("opus", 48_000, None, ""), None);
        assert_eq!(CodecId::read("VP8", 48_000, None, ""), None);
    }
}

//! How loud samples are.

/// RMS, 0 to 1.
pub(super) fn rms(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample) * f64::from(*sample)).sum();
    ((energy / samples.len() as f64).sqrt() as f32).min(1.0)
}

/// RFC 6464: 0 (as loud as can be) to 127 (silence) in -dBov.
pub(super) fn dbov(rms: f32) -> u8 {
    let level = -20.0 * rms.log10();
    if level.is_nan() { 127 } else { level.round().clamp(0.0, 127.0) as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_rfc() {
        assert_eq!(dbov(rms(&[1.0, -1.0])), 0);
        assert_eq!(dbov(rms(&[0.1, -0.1])), 20);
        assert_eq!(dbov(rms(&[0.0; 480])), 127);
        assert_eq!(dbov(rms(&[])), 127);
        assert_eq!(dbov(f32::NAN), 127);
    }
}

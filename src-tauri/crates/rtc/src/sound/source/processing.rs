//! What is done to a microphone's sound before it is coded: echo, rumble and noise are taken out, quiet people are
//! made louder. WebRTC's own audio processing, in Rust.

use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate, NoiseSuppression,
    NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

use super::BLOCK_FRAMES;
use crate::wire::SourceOptions;

#[derive(Debug)]
pub(super) struct Processing {
    apm: AudioProcessing,
    channels: usize,
    /// One plane a channel, in and out.
    planes: [Vec<f32>; 2],
    out: [Vec<f32>; 2],
    render_out: Vec<f32>,
}

impl Processing {
    /// None when nothing is to be done.
    pub(super) fn new(options: &SourceOptions) -> Option<Self> {
        if !options.echo_cancellation && !options.noise_suppression && !options.auto_gain_control {
            return None;
        }
        let config = Config {
            pipeline: Pipeline {
                maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
                multi_channel_render: false,
                multi_channel_capture: options.channels == 2,
                ..Default::default()
            },
            high_pass_filter: options.speech.then(HighPassFilter::default),
            echo_canceller: options.echo_cancellation.then(EchoCanceller::default),
            noise_suppression: options
                .noise_suppression
                .then(|| NoiseSuppression { level: NoiseSuppressionLevel::High, ..Default::default() }),
            gain_controller2: options.auto_gain_control.then(|| GainController2 {
                adaptive_digital: Some(AdaptiveDigital::default()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let apm = AudioProcessing::builder()
            .config(config)
            .capture_config(StreamConfig::new(48_000, u16::from(options.channels)))
            .render_config(StreamConfig::new(48_000, 1))
            .build();
        let plane = || vec![0.0; BLOCK_FRAMES];
        Some(Self {
            apm,
            channels: usize::from(options.channels),
            planes: [plane(), plane()],
            out: [plane(), plane()],
            render_out: plane(),
        })
    }

    /// 10 ms, interleaved, in place; `far` is what was played then, one channel.
    pub(super) fn process(&mut self, block: &mut [f32], far: &[f32]) {
        // Both refuse only shapes that `new` did not agree on; then the sound stays as it was.
        if self.apm.process_render_f32(&[far], &mut [&mut self.render_out]).is_err() {
            return;
        }
        let done = if self.channels == 2 {
            for (at, frame) in block.chunks_exact(2).enumerate() {
                self.planes[0][at] = frame[0];
                self.planes[1][at] = frame[1];
            }
            let [left, right] = &mut self.out;
            self.apm.process_capture_f32(&[&self.planes[0], &self.planes[1]], &mut [left, right])
        } else {
            self.planes[0].copy_from_slice(block);
            self.apm.process_capture_f32(&[&self.planes[0]], &mut [&mut self.out[0]])
        };
        if done.is_err() {
            return;
        }
        for (at, frame) in block.chunks_exact_mut(self.channels).enumerate() {
            for (channel, sample) in frame.iter_mut().enumerate() {
                *sample = self.out[channel][at];
            }
        }
    }
}

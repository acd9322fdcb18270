//! What a tool should reach, and whether it did.

use super::pairs::Measured;

/// One goal.
#[derive(Debug, PartialEq)]
pub enum Goal {
    /// Less CPU than this, in milliseconds.
    Cpu(f64),
    /// Less time than this, in seconds.
    Wall(f64),
    /// A peak of memory under this, in megabytes.
    Peak(f64),
    /// The peer takes at least so many times the wall time.
    WallTimes(f64),
    /// The peer takes at least so many times the CPU.
    CpuTimes(f64),
    /// What is made is at most so many times as large as what the peer makes.
    SizeTimes(f64),
}

impl Goal {
    /// The goal and its verdict, `wall >= 30 x: met`.
    pub fn verdict(&self, measured: &Measured) -> String {
        let versus = measured.peer.as_ref();
        let (goal, met) = match *self {
            Goal::Cpu(limit) => (
                format!("CPU < {limit} ms"),
                Some(measured.tool.cpu * 1e3 < limit),
            ),
            Goal::Wall(limit) => (
                format!("wall < {limit} s"),
                Some(measured.tool.wall < limit),
            ),
            Goal::Peak(limit) => (
                format!("peak < {limit:.0} MB"),
                Some(measured.tool.peak / 1e6 < limit),
            ),
            Goal::WallTimes(times) => (
                format!("wall ≥ {times} ×"),
                versus.map(|versus| versus.wall_times >= times),
            ),
            Goal::CpuTimes(times) => (
                format!("CPU ≥ {times} ×"),
                versus.map(|versus| versus.cpu_times >= times),
            ),
            Goal::SizeTimes(times) => (
                format!("size ≤ {times} ×"),
                versus
                    .and_then(|versus| versus.size_times)
                    .map(|size_times| size_times <= times),
            ),
        };
        let verdict = match met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "not measured",
        };
        format!("{goal}: {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::Goal;
    use crate::bench::figures::Figures;
    use crate::bench::pairs::{Measured, Versus};

    fn figures(wall: f64, cpu: f64, peak: f64) -> Figures {
        Figures { wall, cpu, peak }
    }

    #[test]
    fn a_goal_is_met_missed_or_not_measured() {
        let mut measured = Measured {
            tool: figures(0.010, 0.005, 19e6),
            peer: Some(Versus {
                figures: figures(0.3, 0.2, 90e6),
                wall_times: 30.0,
                cpu_times: 40.0,
                size_times: Some(1.03),
            }),
        };
        for (goal, verdict) in [
            (Goal::Cpu(5.0), "CPU < 5 ms: **missed**"),
            (Goal::Wall(0.02), "wall < 0.02 s: met"),
            (Goal::Peak(20.0), "peak < 20 MB: met"),
            (Goal::WallTimes(30.0), "wall ≥ 30 ×: met"),
            (Goal::CpuTimes(50.0), "CPU ≥ 50 ×: **missed**"),
            (Goal::SizeTimes(1.06), "size ≤ 1.06 ×: met"),
            (Goal::SizeTimes(1.005), "size ≤ 1.005 ×: **missed**"),
        ] {
            assert_eq!(goal.verdict(&measured), verdict);
        }
        measured.peer = None;
        let verdict = Goal::WallTimes(30.0).verdict(&measured);
        assert_eq!(verdict, "wall ≥ 30 ×: not measured");
    }
}

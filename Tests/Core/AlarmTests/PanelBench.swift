import Alarm

let second: Int64 = 1_000_000_000

/// A panel on a bench: time stands still until a test moves it.
struct PanelBench: ~Copyable {
    var panel: AlarmPanel
    var now: Int64 = 100 * second

    init(sensors: Int = 2, sinks: Int = 1, limits: RateLimits = RateLimits()) {
        panel = AlarmPanel(
            limits: Array(repeating: limits, count: sensors), sinkCount: sinks)
    }

    mutating func rate(_ value: UInt16, sensor: Int = 0) {
        panel.judge(value, sensor: sensor, measuredAt: now, now: now)
    }

    /// The value once a second, for so long: the time is that of the last one.
    mutating func hold(_ value: UInt16, seconds: Int, sensor: Int = 0) {
        rate(value, sensor: sensor)
        for _ in 0..<seconds {
            pass(1)
            rate(value, sensor: sensor)
        }
    }

    /// Time passes, as a loop lets it: from deadline to deadline.
    mutating func pass(_ seconds: Int64) { passNanoseconds(seconds * second) }

    mutating func passNanoseconds(_ nanoseconds: Int64) {
        let end = now + nanoseconds
        while let due = panel.deadline, due <= end {
            now = max(now, due)
            panel.advance(to: now)
        }
        now = end
        panel.advance(to: now)
    }

    mutating func set(
        _ condition: AlarmCondition, _ isPresent: Bool = true, _ source: AlarmSource = .gateway
    ) {
        panel.note(condition, isPresent, of: source, now: now)
    }

    mutating func acknowledge() { panel.acknowledge(now: now) }

    /// What has happened since the last call, as `high_heart_rate raised`.
    mutating func changes() -> [String] {
        var texts: [String] = []
        while let change = panel.nextChange() {
            texts.append("\(change.condition.word) \(change.edge.word)")
        }
        return texts
    }
}

import Configuration
import Diagnostics
import Linux
import SensorLink
import Time
import Vitals

/// What whoever runs the gateway asks it for and orders it to do: the state behind the console's
/// commands and behind the service manager's questions.
///
/// Everything in it is at hand in memory: an answer never waits for a card or a network.
final class Operations {
    /// A value that is older is none of now.
    static let freshNanoseconds: Int64 = 10_000_000_000

    /// What a sensor has sent last.
    struct LastValue {
        var beatsPerMinute: UInt16?
        /// Monotonic nanoseconds.
        var at: Int64

        /// Whether it is one of now.
        func isFresh(now: Int64) -> Bool { now - at <= Operations.freshNanoseconds }
    }

    /// What a sensor has said last of the heart, shown or not.
    struct Live {
        var measurement: HeartRateMeasurement
        /// Monotonic nanoseconds.
        var at: Int64
    }

    /// Why the gateway ends by itself.
    enum EndReason: Equatable {
        /// It has taken more than `[gateway] memory`, in bytes.
        case memory(used: Int, budget: Int)

        var text: String {
            switch self {
            case .memory(let used, let budget):
                "memory: \(used >> 10) KiB in use, more than the \(budget >> 10) KiB of "
                    + "[gateway] memory; ending in good order to be started again"
            }
        }
    }

    /// What the process may take, bytes.
    var memoryBudget = Int.max
    /// What the console asks for before it changes anything.
    var pin: PinLock?
    /// The configuration as it was read, its secrets removed.
    var configurationText = ""
    /// How the last run ended.
    var restartReason = "not known: no state was kept"
    /// Sinks rest until this is switched off again; alarms and the ring go on.
    private(set) var isSafe = false
    var endReason: EndReason?
    var watch: ProgressWatch
    weak var radio: Radio?
    private(set) var values: [LastValue?] = []
    private var lives: [Live?] = []
    let began = Clock.monotonicNanoseconds()

    init(watch: ProgressWatch = Operations.watch(WatchdogSettings())) {
        self.watch = watch
    }

    static func watch(_ settings: WatchdogSettings) -> ProgressWatch {
        ProgressWatch { stage in
            switch stage {
            case .loop: settings.loop
            case .bus: settings.bus
            case .ring: settings.ring
            case .alarm: settings.alarm
            case .uplink: settings.uplink
            }
        }
    }

    /// Takes the memory for the last values of so many sensors.
    func expect(sensors: Int) {
        values = Array(repeating: nil, count: sensors)
        lives = Array(repeating: nil, count: sensors)
    }

    /// Another device has taken the place of a sensor.
    func forget(sensor: Int) {
        guard values.indices.contains(sensor) else { return }
        values[sensor] = nil
        lives[sensor] = nil
    }

    func note(_ bytes: Span<UInt8>, _ characteristic: Characteristic, sensor: Int, at now: Int64) {
        guard values.indices.contains(sensor) else { return }
        var beats: UInt16?
        if characteristic == .heartRateMeasurement {
            do throws(HeartRateError) {
                let measurement = try HeartRateMeasurement(decoding: bytes)
                lives[sensor] = Live(measurement: measurement, at: now)
                if case .heartRate(let value) = HeartRateState(measurement) { beats = value }
            } catch {
                // The gateway has counted and reported it.
            }
        }
        values[sensor] = LastValue(beatsPerMinute: beats, at: now)
    }

    /// What the sensor has sent last; nil without anything.
    func value(of sensor: Int) -> LastValue? {
        values.indices.contains(sensor) ? values[sensor] : nil
    }

    /// What the sensor has said last of the heart; nil without anything.
    func live(of sensor: Int) -> Live? { lives.indices.contains(sensor) ? lives[sensor] : nil }

    func setSafe(_ isOn: Bool) { isSafe = isOn }

    /// The newest heart rate of the last ten seconds.
    func freshest(now: Int64) -> UInt16? {
        values.compactMap { $0 }.filter { $0.isFresh(now: now) && $0.beatsPerMinute != nil }
            .max { $0.at < $1.at }?.beatsPerMinute
    }

    /// Compares what the process has taken with what it may take.
    func checkMemory() {
        guard endReason == nil, memoryBudget < Int.max else { return }
        let used = ProcessMemory.read().residentBytes
        if used > memoryBudget { endReason = .memory(used: used, budget: memoryBudget) }
    }
}

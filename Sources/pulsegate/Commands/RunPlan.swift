import Alarm
import Configuration
import Linux
import SensorLink

/// The configuration's words in the terms of the edges.
extension SessionPlan {
    init(_ configuration: Configuration) throws(SetupError) {
        var recording: (bytes: [UInt8], name: String, speed: ReplaySpeed, loops: Bool)?
        if case .recording(let path, let loops) = configuration.input.source {
            let speed: ReplaySpeed =
                switch configuration.input.speed {
                case .times(let factor): .times(factor)
                case .maximum: .max
                }
            recording = (
                try Self.readRecording(path, place: configuration.input.recordingPlace), path,
                speed, loops
            )
        }
        var sinks: [SinkPlan] = []
        for sink in configuration.sinks { sinks.append(try SinkPlan(sink)) }
        self.init(
            device: configuration.deviceID, dataFolder: configuration.dataDirectory,
            ringBytes: UInt64(configuration.ring.sizeBytes),
            syncNanoseconds: configuration.ring.syncIntervalNanoseconds,
            lazyNanoseconds: configuration.ring.lazyIntervalNanoseconds,
            syncsEach: configuration.ring.sync == .each,
            refusesWhenFull: configuration.ring.whenFull == .refuse,
            sensors: Self.sensors(configuration),
            sinks: sinks, recording: recording, radio: RadioPlan(configuration),
            ending: Session.Ending(
                staysAtEnd: configuration.input.atEnd == .stay,
                drainNanoseconds: configuration.input.drainTimeoutNanoseconds),
            storagePolicy: configuration.ring.allowsVolatile ? .volatileAllowed : .lasting,
            statusNanoseconds: configuration.statusIntervalNanoseconds)
    }

    /// The sensors that have sections, and behind them the places for those that have none.
    private static func sensors(_ configuration: Configuration) -> [SensorPlan] {
        let limits = RateLimits(configuration.alarm)
        guard configuration.input.source == .bluetooth else {
            return [SensorPlan(name: configuration.input.sensor, limits: limits)]
        }
        let named = configuration.sensors.map {
            SensorPlan(name: $0.name, limits: RateLimits($0.alarm))
        }
        return named
            + (0..<configuration.bluetooth.anyLimit).map {
                SensorPlan(name: "any \($0 + 1)", limits: limits)
            }
    }

    /// Longest recording that is read: a week at one row a second.
    private static let recordingBytesMax = 16 << 20

    /// Reads a recording file. `place` is the line of the configuration that names it.
    static func readRecording(
        _ path: String, place: String? = nil
    ) throws(SetupError) -> [UInt8] {
        do throws(SystemError) {
            return try Path.contents(of: path, atMost: recordingBytesMax)
        } catch {
            guard let place else { throw SetupError("\(error)") }
            throw SetupError(
                "\(place): \(error.reason); write the path of a recording that can be read")
        }
    }

    /// One line for the log: what this session does.
    var summary: String {
        let names = sinks.map(\.summary).joined(separator: ", ")
        let input =
            radio.map { "bluetooth with \($0.links.sensorCount) sensors at most" }
            ?? recording.map { "\($0.name) at \($0.speed.text)" } ?? "standard input"
        return "device \(device), input \(input), data \(dataFolder), sinks \(names)"
    }
}

extension RateLimits {
    init(_ settings: AlarmSettings) {
        self.init(
            highBeatsPerMinute: settings.highBeatsPerMinute,
            clearBeatsPerMinute: settings.clearBeatsPerMinute,
            onsetDelayNanoseconds: settings.onsetDelayNanoseconds)
    }
}

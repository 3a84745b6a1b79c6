import Alarm
import Configuration
import Diagnostics
import GPIO
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
            statusNanoseconds: configuration.statusIntervalNanoseconds,
            manners: Alarm.AlarmManners(
                pauseNanoseconds: configuration.manners.pauseNanoseconds,
                sensorLostNanoseconds: configuration.manners.sensorLostNanoseconds),
            testsAtStart: configuration.manners.testsAtStart,
            outputs: configuration.outputs.map { OutputPlan($0) },
            button: configuration.button.map { ButtonPlan($0) },
            controlPath: configuration.controlPath)
        if let settings = configuration.http { http = try HTTPPlan(settings) }
        operations = Operations(watch: Operations.watch(configuration.watchdog))
        operations.memoryBudget = configuration.memoryBytes
        operations.pin = configuration.pin.map { PinLock($0) }
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
            onsetDelayNanoseconds: settings.onsetDelayNanoseconds,
            lowBeatsPerMinute: settings.lowBeatsPerMinute,
            lowClearBeatsPerMinute: settings.lowBeatsPerMinute == nil
                ? nil : settings.lowClearBeatsPerMinute)
    }
}

extension OutputPlan {
    init(_ settings: OutputSettings) {
        name = settings.name
        role =
            switch settings.shows {
            case .alarm: .alarm
            case .status: .status
            case .both: .both
            case .sound: .sound
            }
        device =
            switch settings.target {
            case .gpio(let chip, let line, let isActiveLow, let drive):
                .gpio(
                    GPIOWiring(
                        chip: chip, line: line, isActiveLow: isActiveLow,
                        drive: GPIOWiring.Drive(rawValue: drive) ?? .pushPull))
            case .led(let name): .led(name)
            case .pwm(let place): .pwm(place)
            case .bell(let path): .bell(path)
            case .file(let path): .file(path)
            }
    }
}

extension ButtonPlan {
    init(_ settings: ButtonSettings) {
        wiring = GPIOWiring(
            chip: settings.chip, line: settings.line, isActiveLow: settings.isActiveLow,
            bias: GPIOWiring.Bias(rawValue: settings.bias) ?? .pullUp)
        debounceNanoseconds = settings.debounceNanoseconds
    }
}

extension Configuration {
    /// The socket by which commands reach the gateway of this configuration. systemd names the
    /// folder that it makes for the unit (systemd.exec(5), RuntimeDirectory=); whoever asks from
    /// another unit or a shell finds the installed gateway's by its data folder.
    var controlPath: String {
        let given = Environment.value("RUNTIME_DIRECTORY")?.split(separator: ":").first
        let isInstalled = dataDirectory == Installation.dataFolder
        let folder =
            runtimeDirectory ?? given.map { String($0) }
            ?? (isInstalled ? Installation.runtimeFolder : dataDirectory)
        return folder.hasSuffix("/") ? "\(folder)control" : "\(folder)/control"
    }
}

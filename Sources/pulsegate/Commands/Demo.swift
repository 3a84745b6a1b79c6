import Alarm
import Linux
import Time

/// `pulsegate demo`: a recording through the whole pipeline, with no cloud, radio or board.
enum DemoCommand {
    private static let options = [
        CommandOption("recording", takesValue: true), CommandOption("speed", takesValue: true),
        CommandOption("for", takesValue: true), CommandOption("data", takesValue: true),
    ]
    /// Days of records of one strap: enough for any recording.
    private static let ringBytes: UInt64 = 16 << 20

    static func run(_ arguments: [String]) -> Int32 {
        let options: [String: String]
        do throws(SetupError) {
            options = try parse(arguments)
        } catch {
            Console.error("demo: \(error)")
            return ExitStatus.usage
        }
        do throws(SetupError) {
            return try play(try plan(options))
        } catch {
            Console.error("demo: \(error)")
            return ExitStatus.failure
        }
    }

    private static func parse(_ arguments: [String]) throws(SetupError) -> [String: String] {
        let line: Options
        do throws(OptionsError) {
            line = try Options(arguments, known: options)
        } catch {
            throw SetupError("\(error); \(Usage.hint("demo"))")
        }
        if let word = line.operands.first {
            throw SetupError("\(word) is one word too many; \(Usage.hint("demo"))")
        }
        return line.values
    }

    private static func plan(_ options: [String: String]) throws(SetupError) -> SessionPlan {
        let speed = try speed(options["speed"] ?? "1")
        var ending = Session.Ending(drainNanoseconds: 30_000_000_000)
        if let text = options["for"] {
            guard let seconds = Double(text), seconds > 0, seconds <= 1e6 else {
                throw SetupError(
                    "--for \(text): give seconds, more than 0 and at most 1000000, as in --for 30")
            }
            ending.inputUntil = Clock.now().monotonicNanoseconds + Int64(seconds * 1e9)
        }
        let recording: (bytes: [UInt8], name: String)
        if let path = options["recording"] {
            recording = (try SessionPlan.readRecording(path), path)
        } else {
            recording = (PackageResources.interval_session_csv, "interval session")
        }
        let folder: String
        if let data = options["data"] {
            folder = data
        } else {
            folder = try SetupError.wrap { () throws(SystemError) in
                try Path.makeTemporaryFolder(prefix: "pulsegate-demo-")
            }
        }
        let file = LineFileSettings(
            path: "\(folder)/records.ndjson", rotateBytes: 16 << 20, rotateKeep: 8,
            bufferBytes: 512 << 10)
        return SessionPlan(
            device: Environment.hostName(), dataFolder: folder, ringBytes: ringBytes,
            syncNanoseconds: 1_000_000_000,
            sensors: [SensorPlan(name: "recorded strap", limits: RateLimits())],
            sinks: [
                SinkPlan(
                    name: "file", flushNanoseconds: 1_000_000_000, batchRecords: 500,
                    kind: .file(file))
            ],
            recording: (recording.bytes, recording.name, speed, false), ending: ending,
            storagePolicy: .any)
    }

    private static func speed(_ text: String) throws(SetupError) -> ReplaySpeed {
        if text == "max" { return .max }
        guard let factor = Double(text), factor >= 0.1, factor <= 10_000 else {
            throw SetupError(
                "--speed \(text): give a number from 0.1 to 10000, or max, as in --speed 20")
        }
        return .times(factor)
    }

    private static func play(_ plan: SessionPlan) throws(SetupError) -> Int32 {
        let log = Log(limit: .warning)
        let view = DemoView(plan: plan, log: log)
        let storage = try SetupError.storage(of: plan.dataFolder)
        if StorageText.isVolatile(storage) {
            Console.error("demo: \(plan.dataFolder) is on \(StorageText.text(storage))")
        }
        var session = try plan.open(log: log) { view.note($0, $1) }
        view.begin(session)
        let outcome = try SetupError.wrap { () throws(SystemError) in
            try session.run(tickNanoseconds: view.tickNanoseconds) { view.show($0) }
        }
        view.end(session)
        return outcome == .interrupted ? ExitStatus.failure : ExitStatus.success
    }
}

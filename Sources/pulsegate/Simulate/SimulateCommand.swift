import Bytes
import Linux
import Simulator
import Time

/// `pulsegate simulate`: patients who are not there, for tests and for those who build what stands
/// behind a gateway.
enum SimulateCommand {
    private static let options = [
        "patients", "rate", "duration", "count", "seed", "bad", "to", "form", "batch", "start",
        "speed", "token-file",
    ].map { CommandOption($0, takesValue: true) }

    static func run(_ arguments: [String]) -> Int32 {
        let plan: SimulationPlan
        do throws(SetupError) {
            plan = try parse(arguments)
        } catch {
            Console.error("simulate: \(error)")
            return ExitStatus.usage
        }
        do throws(SetupError) {
            if let url = plan.url {
                let sender = try SimulationSender(plan, url: url)
                return try sender.run() ? ExitStatus.success : ExitStatus.failure
            }
            try print(plan)
            return ExitStatus.success
        } catch {
            Console.error("simulate: \(error)")
            return ExitStatus.failure
        }
    }

    private static func parse(_ arguments: [String]) throws(SetupError) -> SimulationPlan {
        let line: Options
        do throws(OptionsError) {
            line = try Options(arguments, known: options)
        } catch {
            throw SetupError("\(error); \(Usage.hint("simulate"))")
        }
        if let word = line.operands.first {
            throw SetupError("\(word) is one word too many; \(Usage.hint("simulate"))")
        }
        return try SimulationPlan(line.values)
    }

    /// Lines on standard output, each when its time has come.
    private static func print(_ plan: SimulationPlan) throws(SetupError) {
        var simulation = Simulation(plan.settings)
        var lines = FixedBuffer(capacity: 64 << 10)
        let begun = Clock.monotonicNanoseconds()
        while simulation.count < plan.count {
            if !plan.isFast {
                let due = begun + simulation.nextNanoseconds
                if due > Clock.monotonicNanoseconds() {
                    flush(&lines)
                    try wait(until: due)
                }
            }
            if plan.isNotifications {
                simulation.appendNotification(to: &lines)
            } else {
                simulation.appendPost(to: &lines)
            }
            if lines.room < 4_096 { flush(&lines) }
        }
        flush(&lines)
    }

    private static func flush(_ lines: inout FixedBuffer) {
        if lines.count > 0 { Console.write(lines.bytes) }
        lines.removeAll()
    }

    private static func wait(until due: Int64) throws(SetupError) {
        try SetupError.wrap { () throws(SystemError) in
            var poller = try Poller()
            try poller.wait(
                timeoutNanoseconds: max(0, due - Clock.monotonicNanoseconds())
            ) { _ in }
        }
    }
}

/// What the command line asks for.
struct SimulationPlan {
    var settings: Simulation.Settings
    /// Posts or notifications.
    var count: Int
    /// Where posts go; nil for standard output.
    var url: String?
    var token: [UInt8]?
    /// Lines of hexadecimal instead of forms.
    var isNotifications = false
    /// Forms in one request.
    var batch = 1
    /// Does not wait for the time of each.
    var isFast = false

    init(_ values: [String: String]) throws(SetupError) {
        func number(
            _ name: String, _ text: String, _ range: ClosedRange<Double>
        ) throws(SetupError) -> Double {
            guard let value = Double(values[name] ?? text), range.contains(value) else {
                throw SetupError(
                    "--\(name) \(values[name] ?? text): write a number from "
                        + "\(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        let perSecond = try number("rate", "10", 0.001...100_000)
        let duration = try number("duration", "60", 0...1e7)
        let now = Clock.now().wallMicroseconds
        guard let seed = UInt64(values["seed"] ?? "1") else {
            throw SetupError("--seed \(values["seed"] ?? ""): write a whole number")
        }
        var start = now
        if let text = values["start"] {
            do throws(TimeTextError) {
                start = try TimeReader.instant(text, now: now)
            } catch {
                throw SetupError("--start \(text): write a time such as 2025-07-15T17:10:33Z")
            }
        }
        settings = Simulation.Settings(
            seed: seed, patients: Int(try number("patients", "8", 1...1_000_000)),
            perSecond: perSecond, badPercent: try number("bad", "0", 0...100),
            startMicroseconds: start)
        count = Int(try number("count", "\((perSecond * duration).rounded())", 0...1e9))
        batch = Int(try number("batch", "1", 1...256))
        switch values["form"] ?? "posts" {
        case "posts": break
        case "notifications": isNotifications = true
        case let word: throw SetupError("--form \(word): write posts or notifications")
        }
        switch values["speed"] ?? "1" {
        case "1": break
        case "max": isFast = true
        case let word: throw SetupError("--speed \(word): write 1 or max")
        }
        try setTarget(values)
    }

    private mutating func setTarget(_ values: [String: String]) throws(SetupError) {
        let target = values["to"] ?? "-"
        guard target != "-" else { return }
        guard target.hasPrefix("http://") || target.hasPrefix("https://") else {
            throw SetupError("--to \(target): write - or a URL such as http://127.0.0.1:8080")
        }
        guard !isNotifications else {
            throw SetupError(
                "--form notifications: a gateway takes them on standard input (--to -)")
        }
        url = (target.hasSuffix("/") ? String(target.dropLast()) : target) + "/patient_stats"
        if let file = values["token-file"] {
            let bytes = try SetupError.wrap { () throws(SystemError) in
                try Path.contents(of: file, atMost: 4_096)
            }
            token = Array(bytes.prefix { $0 > 0x20 })
        }
    }
}

import Bytes
import Configuration
import ControlSocket
import Diagnostics
import Linux
import Time

/// `pulsegate support`: one archive that says how a gateway is, for whoever helps.
///
/// Secrets are removed, and so is what a person's heart did: sensors' values and alarms' figures
/// are left out unless they are asked for.
enum SupportCommand {
    /// Bytes of a line of base64: 57 make 76 characters (RFC 2045, section 6.8).
    private static let lineBytes = 57

    static func run(_ arguments: [String]) -> Int32 {
        let options: Options
        do throws(OptionsError) {
            options = try Options(
                arguments,
                known: ["config", "output", "from"].map { CommandOption($0, takesValue: true) }
                    + ["base64", "health-data"].map { CommandOption($0, takesValue: false) })
        } catch {
            Console.error("support: \(error); \(Usage.hint("support"))")
            return ExitStatus.usage
        }
        guard options.operands.isEmpty else {
            Console.error("support: \(options.operands[0]) is one word too many")
            return ExitStatus.usage
        }
        let path = options.values["config"] ?? Installation.configurationPath
        if let text = options.values["from"], UInt32(text) ?? 0 < 1 {
            Console.error("support: --from takes the number of a line, 1 or more")
            return ExitStatus.usage
        }
        let first = options.values["from"].flatMap { Int($0) } ?? 1
        if options.values["base64"] != nil && first > 1 {
            return sendAgain(from: first)
        }
        let archive = archive(path, withHealthData: options.values["health-data"] != nil)
        if options.values["base64"] != nil {
            keep(archive)
            send(archive, from: 1)
            return ExitStatus.success
        }
        return write(archive, options.values["output"])
    }

    // MARK: What is in it

    private static func archive(_ path: String, withHealthData isAsked: Bool) -> [UInt8] {
        var tar = TarWriter()
        let seconds = Clock.now().wallMicroseconds / 1_000_000
        func add(_ name: String, _ text: String) {
            tar.add("pulsegate-support/\(name)", Array(text.utf8), seconds: seconds)
        }
        let desk = ConsoleDesk(configurationPath: path)
        func ask(_ line: String) -> String {
            if case .text(let text) = desk.take(line, ask: { _ in nil }) { text } else { "" }
        }
        add(
            "README",
            "pulsegate \(programVersion) on \(Environment.hostName())\n"
                + "health data: \(isAsked ? "included, as asked" : "left out")\n")
        add("config", ConfigurationText.read(path))
        add("check", ask("check"))
        add("doctor", ask("doctor"))
        for name in ["uptime", "ring", "net", "aws", "mem", "ble", "restart-reason"] {
            add(name, ask(name))
        }
        let keep = { (text: String) in isAsked ? text : withoutHealthData(text) }
        add("status", keep(ask("status")))
        add("log", keep(ask("log 200")))
        if isAsked {
            add("sensors", ask("sensors"))
            add("alarm", ask("alarm status"))
        }
        return tar.finish()
    }

    /// Figures before `bpm`, and lines about alarms, say what a heart did.
    static func withoutHealthData(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { part in
            let line = String(part)
            if line.contains(text: "ALARM") || line.contains(text: "alarm ") { return "(an alarm)" }
            var words = line.split(separator: " ", omittingEmptySubsequences: false)
                .map { String($0) }
            for index in words.indices.dropFirst() where words[index].hasPrefix("bpm") {
                words[index - 1] = "(removed)"
            }
            return words.joined(separator: " ")
        }.joined(separator: "\n")
    }

    // MARK: Where it goes

    private static func write(_ archive: [UInt8], _ output: String?) -> Int32 {
        if output == "-" {
            Console.write(archive.span)
            return ExitStatus.success
        }
        let path = output ?? "pulsegate-support.tar"
        do throws(SystemError) {
            try save(archive, path)
            Console.line("\(path): \(archive.count) bytes")
            return ExitStatus.success
        } catch {
            Console.error("support: \(error)")
            return ExitStatus.failure
        }
    }

    /// The archive that was sent last, so that what is sent again is the same.
    private static var keptPath: String {
        (Environment.value("RUNTIME_DIRECTORY") ?? "/tmp") + "/pulsegate-support.tar"
    }

    private static func keep(_ archive: [UInt8]) {
        do throws(SystemError) {
            try save(archive, keptPath)
        } catch {
            Console.error("support: \(error); a broken transfer must begin again")
        }
    }

    private static func save(_ archive: [UInt8], _ path: String) throws(SystemError) {
        var file = try NewFile.create(path, replacing: true)
        for start in stride(from: 0, to: archive.count, by: NewFile.lineBytesMax) {
            let end = min(start + NewFile.lineBytesMax, archive.count)
            file.lines.append(archive.span.extracting(start..<end))
            try file.flushWhenFull()
        }
        try file.finish()
    }

    private static func sendAgain(from first: Int) -> Int32 {
        do throws(SystemError) {
            send(try Path.contents(of: keptPath, atMost: 4 << 20), from: first)
            return ExitStatus.success
        } catch {
            Console.error("support: nothing to go on with (\(error)); leave out --from")
            return ExitStatus.failure
        }
    }

    /// Numbered lines with a checksum each: `LINE/LINES BASE64 CRC-32C`. A line that came broken
    /// is asked for again with `--from LINE`.
    private static func send(_ archive: [UInt8], from first: Int) {
        let count = (archive.count + lineBytes - 1) / lineBytes
        for line in stride(from: first, through: count, by: 1) {
            let start = (line - 1) * lineBytes
            let end = min(start + lineBytes, archive.count)
            let part = archive.span.extracting(start..<end)
            var text = FixedBuffer(capacity: 128)
            text.append(base64: part)
            let sum = String(CRC32C.checksum(part), radix: 16)
            Console.line("\(line)/\(count) \(String(decoding: text.bytes)) \(sum)")
        }
    }
}

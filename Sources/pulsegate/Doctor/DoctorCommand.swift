import Bytes
import Configuration
import Credentials
import Doctor
import Linux
import Time

/// `pulsegate doctor`: what is wrong between strap and cloud, and what to do about it.
enum DoctorCommand {
    private static let fileBytesMax = 4 << 20

    static func run(_ arguments: [String]) -> Int32 {
        let options: Options
        do throws(OptionsError) {
            options = try Options(
                arguments,
                known: [
                    CommandOption("config", takesValue: true),
                    CommandOption("json", takesValue: false),
                    CommandOption("root", takesValue: true),
                    CommandOption("net", takesValue: false),
                ])
        } catch {
            Console.error("doctor: \(error); \(Usage.hint("doctor"))")
            return ExitStatus.usage
        }
        guard options.operands.isEmpty else {
            Console.error(
                "doctor: \(options.operands[0]) is one word too many; \(Usage.hint("doctor"))")
            return ExitStatus.usage
        }
        let root = options.values["root"] ?? ""
        let path = options.values["config"] ?? root + Installation.configurationPath
        let findings = Doctor.examine(evidence(root, path))
        if options.values["json"] != nil {
            Console.write(json(findings))
        } else {
            Console.write(text(findings))
            if options.values["net"] != nil { _ = NetCommand.run(["check", "--config", path]) }
        }
        return findings.contains { $0.verdict == .error } ? ExitStatus.failure : ExitStatus.success
    }

    // MARK: Evidence

    private static func evidence(_ root: String, _ path: String) -> Evidence {
        var wishes: Wishes?
        var fault: String?
        do throws(ConfigurationError) {
            wishes = Self.wishes(
                try Configuration.load(from: path, hostName: Environment.hostName()))
        } catch {
            fault = "\(error)".split(separator: "\n").first.map { String($0) }
        }
        return Evidence(
            read: { read(root + $0) }, list: { Path.names(in: root + $0) },
            freeBytes: { Storage.freeBytes(at: root + $0) },
            link: { Path.link(at: root + $0) }, seconds: Clock.now().wallMicroseconds / 1_000_000,
            builtSeconds: Clock.buildMicroseconds / 1_000_000, wishes: wishes,
            configurationFault: fault)
    }

    private static func read(_ path: String) -> String? {
        do throws(SystemError) {
            return String(
                decoding: try Path.contents(of: path, atMost: fileBytesMax), as: UTF8.self)
        } catch {
            return nil
        }
    }

    private static func wishes(_ configuration: Configuration) -> Wishes {
        var wishes = Wishes()
        wishes.usesRadio = configuration.input.source == .bluetooth
        wishes.restartsDaemon = configuration.bluetooth.restartsDaemon
        wishes.usesGPIO =
            configuration.button != nil
            || configuration.outputs.contains { if case .gpio = $0.target { true } else { false } }
        addServices(of: configuration, to: &wishes)
        wishes.dataFolder = configuration.dataDirectory
        wishes.allowsVolatile = configuration.ring.allowsVolatile
        wishes.ringBytes = UInt64(configuration.ring.sizeBytes)
        wishes.memoryBytes = configuration.memoryBytes
        let environment = CredentialEnvironment(variable: Environment.value)
        for sink in configuration.sinks {
            guard let settings = sink.target.credentials else { continue }
            let search = CredentialSearch(settings: settings, environment: environment)
            let look = FileLook(search.secretFiles, reads: false)
            look.perform()
            for entry in look.entries {
                if entry.state?.isReadableByOthers ?? false,
                    !environment.isServiceManagers(entry.path)
                {
                    wishes.secretFaults.append(
                        "sink \(sink.name): \(entry.path) can be read by other users")
                }
            }
        }
        return wishes
    }

    private static func addServices(of configuration: Configuration, to wishes: inout Wishes) {
        let services = configuration.sinks.compactMap { $0.target.service }
        let roles = configuration.sinks.compactMap { $0.target.credentials?.iot }
        wishes.usesNetwork = !services.isEmpty
        wishes.hosts = services.map(\.endpoint.host) + roles.compactMap { Endpoint($0.url)?.host }
        let files = services.filter(\.endpoint.usesTLS).map(\.authorityFile)
        wishes.authorityFiles = files.compactMap { $0 }
        // A role's own file may be one that systemd hands to the service alone.
        wishes.trustsSystem = (files + roles.map(\.authorityFile)).contains(nil)
    }

    // MARK: Reports

    private static func text(_ findings: [Finding]) -> String {
        var text = ""
        for finding in findings {
            let name =
                finding.check + String(repeating: " ", count: max(1, 18 - finding.check.count))
            let verdict = finding.verdict.rawValue
            text += name + verdict + String(repeating: " ", count: 8 - verdict.count)
            text += finding.seen + "\n"
            if let remedy = finding.remedy {
                text += String(repeating: " ", count: 18) + "-> " + remedy + "\n"
            }
        }
        let errors = findings.count { $0.verdict == .error }
        let warnings = findings.count { $0.verdict == .warning }
        return text
            + (errors + warnings == 0
                ? "all is well\n"
                : "\(RingText.count(UInt64(errors), "error")), "
                    + "\(RingText.count(UInt64(warnings), "warning"))\n")
    }

    private static func json(_ findings: [Finding]) -> String {
        let lines = findings.map { finding in
            "  {\"check\":\(quoted(finding.check)),\"verdict\":\"\(finding.verdict.rawValue)\","
                + "\"seen\":\(quoted(finding.seen)),"
                + "\"remedy\":\(finding.remedy.map { quoted($0) } ?? "null")}"
        }
        return "[\n" + lines.joined(separator: ",\n") + "\n]\n"
    }

    private static func quoted(_ text: String) -> String {
        // Every byte as `\u00XX`, and the quotes.
        var quoted = FixedBuffer(capacity: 6 * text.utf8.count + 2)
        quoted.append(jsonString: text.utf8.span)
        return String(decoding: quoted.bytes)
    }
}

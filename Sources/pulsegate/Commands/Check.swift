import Configuration
import Credentials
import Linux

/// `pulsegate check --config FILE`: reads the configuration as `run` does and opens nothing: what
/// is wrong with it, or where the access key of each sink will be looked for.
enum CheckCommand {
    static func run(_ arguments: [String]) -> Int32 {
        let options: Options
        do throws(OptionsError) {
            options = try Options(
                arguments, known: [CommandOption("config", takesValue: true)])
        } catch {
            Console.error("check: \(error); \(Usage.hint("check"))")
            return ExitStatus.usage
        }
        guard options.operands.isEmpty, let path = options.values["config"] else {
            Console.error("check: say which configuration, as in `check --config FILE`")
            return ExitStatus.usage
        }
        do throws(ConfigurationError) {
            let configuration = try Configuration.load(
                from: path, hostName: Environment.hostName())
            return check(configuration)
        } catch {
            Console.log("\(error)")
            return ExitStatus.failure
        }
    }

    private static func check(_ configuration: Configuration) -> Int32 {
        let environment = CredentialEnvironment(variable: Environment.value)
        for sink in configuration.sinks {
            guard let settings = sink.target.credentials else {
                Console.line("sink \(sink.name): needs no access key")
                continue
            }
            let search = CredentialSearch(settings: settings, environment: environment)
            Console.line(
                "sink \(sink.name): access key from "
                    + search.placeNames.joined(separator: ", else "))
            warn(search, environment)
        }
        Console.line("the configuration is good")
        return ExitStatus.success
    }

    /// Files of the sink that others may read.
    private static func warn(_ search: CredentialSearch, _ environment: CredentialEnvironment) {
        let look = FileLook(search.secretFiles, reads: false)
        look.perform()
        for entry in look.entries {
            guard let state = entry.state, state.isReadableByOthers,
                !environment.isServiceManagers(entry.path)
            else { continue }
            Console.line(
                "  \(entry.path) can be read by other users of this machine; "
                    + "chmod 600 \(entry.path)")
        }
    }
}

extension Configuration.Sink.Target {
    /// Where the access key comes from; nil for a sink whose requests are not signed.
    var credentials: CredentialSettings? {
        switch self {
        case .kinesis(let service, _), .firehose(let service): service.credentials
        case .openSearch(let service, .signed, _): service.credentials
        case .openSearch, .http, .file: nil
        }
    }

    /// Where requests go, and the file with the authorities that it is to be signed by; nil for a
    /// file.
    var service: (endpoint: Endpoint, authorityFile: String?)? {
        switch self {
        case .kinesis(let service, _), .firehose(let service), .openSearch(let service, _, _):
            (service.endpoint, service.certificateAuthorityFile)
        case .http(let collector): (collector.endpoint, collector.certificateAuthorityFile)
        case .file: nil
        }
    }
}

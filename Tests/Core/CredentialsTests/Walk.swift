import Credentials
import Testing

/// A search carried through with values in place of files, programs and services.
struct Walk {
    var settings = CredentialSettings()
    var variables: [String: String] = ["HOME": "/root"]
    var files: [String: String] = [:]
    var process: ProcessOutcome?
    /// Replies by method and URL: `GET http://169.254.169.254/…`; what is missing does not answer.
    var replies: [String: CredentialReply] = [:]

    /// What a search did, in order, and how it ended.
    struct Outcome: Equatable {
        var steps: [String] = []
        var requests: [CredentialRequest] = []
        var commands: [ProcessCommand] = []
        var files: [String] = []
        var key: ObtainedKey?
        var error: CredentialError?
    }

    func search() -> CredentialSearch {
        CredentialSearch(
            settings: settings, environment: CredentialEnvironment { variables[$0] })
    }

    func run() -> Outcome {
        var search = search()
        return run(&search)
    }

    func run(_ search: inout CredentialSearch) -> Outcome {
        var outcome = Outcome()
        var step = search.begin()
        while true {
            outcome.files = search.files
            switch step {
            case .readFiles(let paths):
                outcome.steps.append("read " + paths.joined(separator: " "))
                step = search.take(files: paths.map { content($0) })
            case .run(let command):
                outcome.steps.append("run " + command.words.joined(separator: "|"))
                outcome.commands.append(command)
                step = search.take(process: process ?? .notStarted("Permission denied"))
            case .request(let request):
                let name = (request.method == .put ? "PUT " : "GET ") + request.url
                outcome.steps.append(name)
                outcome.requests.append(request)
                step =
                    replies[name].map { search.take(reply: $0) }
                    ?? search.take(failure: "connect: refused")
            case .found(let key):
                outcome.key = key
                return outcome
            case .failed(let error):
                outcome.error = error
                return outcome
            }
        }
    }

    private func content(_ path: String) -> SharedCredentialsContent {
        files[path].map { .bytes(Array($0.utf8)) } ?? .unreadable("No such file or directory")
    }
}

extension CredentialReply {
    init(_ status: Int, _ text: String, wall: Int64? = nil) {
        self.init(status: status, body: Array(text.utf8), serverWallMicroseconds: wall)
    }
}

/// JSON of the three providers.
enum Answers {
    static let process =
        #"{"Version":1,"AccessKeyId":"ASIAPROCESS","SecretAccessKey":"s\/+","#
        + #""SessionToken":"t==","Expiration":"2025-07-15T17:10:33+00:00"}"#
    static let metadata =
        #"{"Code":"Success","LastUpdated":"2025-07-15T11:10:33Z","Type":"AWS-HMAC","#
        + #""AccessKeyId":"ASIAROLE","SecretAccessKey":"s","Token":"t","#
        + #""Expiration":"2025-07-15T17:10:33Z"}"#
    static let iot =
        #"{"credentials":{"accessKeyId":"ASIAIOT","secretAccessKey":"s","sessionToken":"t","#
        + #""expiration":"2025-07-15T17:10:33Z"}}"#
    /// 2025-07-15T17:10:33Z
    static let expiry: Int64 = 1_752_599_433_000_000
}

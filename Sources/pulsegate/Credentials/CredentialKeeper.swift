import Bytes
import Credentials
import HTTPS
import Linux
import SigV4
import Time
import Uplink

/// One source of keys for the sinks that share it: its life, and the one thing that is under way
/// for it (files that are read, a program that runs, a request).
final class CredentialKeeper {
    /// Why files are looked at.
    private enum Purpose {
        /// Once, at the start: who may read them.
        case modes
        case changes
        case contents
    }

    private enum Activity {
        case none
        case files(FileLook, Purpose)
        case starting(HelperStart, until: Int64)
        case running(HelperProcess, until: Int64)
        case request(HTTPSTransfer)
    }

    let settings: CredentialSettings
    /// The names of the sinks, for the log.
    private(set) var sinks: [(index: Int, name: String)] = []
    private var life: CredentialLife
    private var search: CredentialSearch
    private var activity = Activity.none
    /// The stamps of the files that this search has read, in their order.
    private var stamps: [FileStamp] = []
    /// The key in the signer's terms, made once a version.
    private var signing: (version: UInt64, credentials: SigningCredentials)?
    /// The version of the key that the sinks know of; nil while they are suspended.
    var toldVersion: UInt64?
    private var warnedFiles: Set<String> = []
    private var hasCheckedModes = false
    private let time: TimeKeeper

    init(
        _ settings: CredentialSettings, environment: CredentialEnvironment, time: TimeKeeper
    ) {
        self.settings = settings
        self.time = time
        life = CredentialLife(seed: Entropy.draw())
        search = CredentialSearch(settings: settings, environment: environment)
    }

    /// What is known of the wall clock.
    private var clock: ClockState { time.state(at: Clock.monotonicNanoseconds()) }

    func add(sink: Int, name: String) { sinks.append((sink, name)) }

    /// `sink cloud`, `sinks cloud, search`.
    var title: String {
        "sink\(sinks.count == 1 ? "" : "s") " + sinks.map(\.name).joined(separator: ", ")
    }

    /// What to sign with now, and its number; nil while there is no key.
    func usable(now: Moment) -> (credentials: SigningCredentials, version: UInt64)? {
        guard let usable = life.usable(now: now, clock: clock) else { return nil }
        if let signing, signing.version == usable.version {
            return (signing.credentials, usable.version)
        }
        do throws(SigningError) {
            let credentials = try SigningCredentials(
                accessKeyID: usable.key.accessKeyID, secretAccessKey: usable.key.secretAccessKey,
                sessionToken: usable.key.sessionToken)
            signing = (usable.version, credentials)
            return (credentials, usable.version)
        } catch {
            preconditionFailure("a key that was taken is fit for signing: \(error)")
        }
    }

    /// When the key ends, microseconds since 1970; nil where that is not known.
    var expiryWallMicroseconds: Int64? { life.expiryWallMicroseconds }

    /// The service has answered what was signed with this version; nil: it has taken it.
    func note(_ refusal: RequestRefusal?, version: UInt64) {
        guard let refusal else { return life.accepted(version: version) }
        if refusal.concernsKey { life.refused(version: version, now: time.now()) }
    }

    func nextReport() -> CredentialReport? { life.nextReport() }

    /// When to be called again although nothing has happened (monotonic nanoseconds).
    func deadline(now: Moment) -> Int64? {
        let due = life.deadline(now: now, clock: clock)
        switch activity {
        case .running(_, let until): return min(due ?? until, until)
        // Nothing else begins before its answer.
        case .files(_, .modes): return nil
        case .none, .files, .starting, .request: return due
        }
    }

    // MARK: What is under way

    /// Does what is due. Answers a job for the disk worker.
    func advance(_ desk: CredentialDesk) {
        let now = time.now()
        if case .running(let helper, let until) = activity {
            serve(helper, until: until, now: now.monotonicNanoseconds, desk)
        }
        if !hasCheckedModes {
            hasCheckedModes = true
            return submit(FileLook(search.secretFiles, reads: false), .modes, desk)
        }
        while case .none = activity,
            let action = life.nextAction(now: now, clock: clock)
        {
            switch action {
            case .fetch:
                stamps = []
                carryOut(search.begin(), desk)
            case .look:
                submit(FileLook(search.files, reads: false), .changes, desk)
            }
        }
    }

    private func submit(_ look: FileLook, _ purpose: Purpose, _ desk: CredentialDesk) {
        activity = .files(look, purpose)
        desk.worker.submit(look)
    }

    private func carryOut(_ first: CredentialSearch.Step, _ desk: CredentialDesk) {
        activity = .none
        switch first {
        case .readFiles(let paths):
            submit(FileLook(paths, reads: true), .contents, desk)
        case .run(let command):
            let start = HelperStart(command.words)
            let until = Clock.monotonicNanoseconds() + settings.timeoutNanoseconds
            activity = .starting(start, until: until)
            desk.worker.submit(start)
        case .request(let request):
            do throws(HTTPSError) {
                let transfer = try desk.transfer(for: request, settings)
                try transfer.start()
                activity = .request(transfer)
            } catch {
                carryOut(search.take(failure: "\(error)"), desk)
            }
        case .found(let key):
            life.obtained(key, stamps: stamps, now: time.now(), clock: clock)
        case .failed(let error):
            life.failed(error, stamps: stamps, now: time.now(), clock: clock)
        }
    }

    /// A job of the disk worker has finished; answers whether it was this one's.
    func finish(_ job: any DiskJob, _ desk: CredentialDesk) -> Bool {
        switch activity {
        case .files(let look, let purpose) where look === job:
            warn(look, desk)
            let seen = look.entries.map { FileStamp($0.state) }
            activity = .none
            switch purpose {
            case .modes: break
            case .changes: life.looked(seen, now: time.now(), clock: clock)
            case .contents:
                stamps += seen
                let contents = look.entries.map { SharedCredentialsContent($0.content) }
                carryOut(search.take(files: contents), desk)
            }
            return true
        case .starting(let start, let until) where start === job:
            begin(start, until: until, desk)
            return true
        default: return false
        }
    }

    private func begin(_ start: HelperStart, until: Int64, _ desk: CredentialDesk) {
        switch start.outcome {
        case .success(let helper):
            activity = .running(helper, until: until)
            do throws(SystemError) {
                try desk.watch(helper)
            } catch {
                desk.end(helper)
                carryOut(search.take(process: .notStarted("\(error)")), desk)
            }
        case .failure(let error):
            carryOut(search.take(process: .notStarted(error.reason)), desk)
        case nil: preconditionFailure("a job that has finished has an outcome")
        }
    }

    private func serve(
        _ helper: HelperProcess, until: Int64, now: Int64, _ desk: CredentialDesk
    ) {
        let limit = ProcessOutcome.outputBytesMax
        if !helper.takeOutput(limit: limit) { desk.unwatchOutput(helper) }
        let outcome: ProcessOutcome
        if helper.printed.count > limit {
            outcome = .saidTooMuch
        } else if let end = helper.takeEnd() {
            // What it had printed before its end is in the pipe by now.
            _ = helper.takeOutput(limit: limit)
            switch end {
            case .status(let status):
                outcome =
                    helper.printed.count > limit
                    ? .saidTooMuch : .ended(status: status, output: helper.printed)
            case .signal(let signal): outcome = .killed(signal: signal)
            }
        } else if now >= until {
            outcome = .tookTooLong
        } else {
            return
        }
        desk.end(helper)
        carryOut(search.take(process: outcome), desk)
    }

    /// A transfer has finished; answers whether it was this one's.
    func finish(_ transfer: HTTPSTransfer, _ desk: CredentialDesk) -> Bool {
        guard case .request(let own) = activity, own === transfer else { return false }
        switch transfer.result {
        case .answered(let answer):
            _ = time.note(answer, isRefused: false, by: "the source of the key")
            var body: [UInt8] = []
            let bytes = transfer.response
            for index in bytes.indices { body.append(bytes[index]) }
            let reply = CredentialReply(
                status: answer.status, body: body,
                serverWallMicroseconds: answer.serverTimeSeconds.map { $0 * 1_000_000 })
            carryOut(search.take(reply: reply), desk)
        case .failed(let failure):
            // The next try is at another time, where the kernel's is to blame.
            if failure.isDated { _ = time.doubtKernel() }
            carryOut(search.take(failure: "\(failure)", cause: failure.cause), desk)
        case nil: preconditionFailure("a transfer that is handed back has a result")
        }
        return true
    }

    /// Ends what is under way: the program ends.
    func cancel(_ desk: CredentialDesk) {
        switch activity {
        case .running(let helper, _): desk.end(helper)
        case .request(let transfer): transfer.cancel()
        case .none, .files, .starting: break
        }
        activity = .none
    }

    /// Says once of each file that others may read it.
    private func warn(_ look: FileLook, _ desk: CredentialDesk) {
        for entry in look.entries {
            guard let state = entry.state, state.isReadableByOthers,
                !desk.environment.isServiceManagers(entry.path),
                warnedFiles.insert(entry.path).inserted
            else { continue }
            desk.log.write(
                .warning,
                "\(title): \(entry.path) can be read by other users of this machine; "
                    + "chmod 600 \(entry.path)")
        }
    }
}

extension FileStamp {
    init(_ state: FileState?) {
        guard let state else {
            self = .absent
            return
        }
        self.init(
            device: state.device, node: state.node,
            modifiedNanoseconds: state.modifiedNanoseconds, byteCount: state.byteCount)
    }
}

extension SharedCredentialsContent {
    init(_ content: Result<[UInt8], SystemError>?) {
        switch content {
        case .success(let bytes): self = .bytes(bytes)
        case .failure(let error): self = .unreadable(error.reason)
        case nil: self = .unreadable("was not read")
        }
    }
}

import Credentials
import HTTPS
import Linux
import Time

/// All sources of keys of this run, in the one poll loop: it carries their wishes to the disk
/// worker, to libcurl and to programs, and brings back what came of them.
final class CredentialDesk {
    /// A credential answer has 2 to 3 KiB; a token of 8 KiB makes it twelve.
    private static let responseBytes = 65_536
    /// An agent or the metadata beside this machine answers within milliseconds, or is not there.
    private static let nearConnectMilliseconds = 1_000
    private static let nearTotalMilliseconds = 3_000

    let environment: CredentialEnvironment
    let log: Log
    let worker: DiskWorker
    private let network: HTTPSClient
    private let time: TimeKeeper
    private var poller: Poller
    private(set) var keepers: [CredentialKeeper] = []
    /// Programs that were ended and are not gone yet.
    private var ending: [HelperProcess] = []

    init(
        environment: CredentialEnvironment, log: Log, worker: DiskWorker, network: HTTPSClient,
        time: TimeKeeper
    ) throws(SystemError) {
        self.environment = environment
        self.log = log
        self.worker = worker
        self.network = network
        self.time = time
        poller = try Poller()
    }

    /// The keeper of a source, which sinks with equal settings share.
    func keeper(of settings: CredentialSettings, sink: Int, name: String) -> CredentialKeeper {
        let known = keepers.first { $0.settings == settings }
        let keeper = known ?? CredentialKeeper(settings, environment: environment, time: time)
        if known == nil { keepers.append(keeper) }
        keeper.add(sink: sink, name: name)
        return keeper
    }

    /// Readable when a program has printed something or ended.
    var number: Int32 { poller.number }

    func deadline(now: Moment) -> Int64? {
        var earliest: Int64?
        for keeper in keepers {
            if let due = keeper.deadline(now: now) { earliest = min(earliest ?? due, due) }
        }
        return earliest
    }

    /// Does what is due, says what is to be said, and tells `change` of each sink whether it has
    /// a key; only when that has changed or the key is another one.
    func advance(_ change: (_ sink: Int, _ hasKey: Bool) -> Void) {
        ending.removeAll { helper in
            guard helper.takeEnd() != nil else { return false }
            poller.remove(helper.exitNumber)
            return true
        }
        for keeper in keepers {
            keeper.advance(self)
            while let report = keeper.nextReport() {
                let (level, text) = CredentialText.line(report, of: keeper.title)
                log.write(level, text)
            }
            let version = keeper.usable(now: time.now())?.version
            guard version != keeper.toldVersion else { continue }
            keeper.toldVersion = version
            for sink in keeper.sinks { change(sink.index, version != nil) }
        }
    }

    /// A job of the disk worker has finished; answers whether it was one of a keeper's.
    func finish(_ job: any DiskJob) -> Bool {
        keepers.contains { $0.finish(job, self) }
    }

    /// A transfer has finished; answers whether it was one of a keeper's.
    func finish(_ transfer: HTTPSTransfer) -> Bool {
        keepers.contains { $0.finish(transfer, self) }
    }

    /// The run ends.
    func stop() {
        for keeper in keepers { keeper.cancel(self) }
        ending.removeAll()
    }

    // MARK: For keepers

    func watch(_ helper: HelperProcess) throws(SystemError) {
        try poller.set(helper.exitNumber, token: 0, readable: true, writable: false)
        try poller.set(helper.outputNumber, token: 0, readable: true, writable: false)
    }

    func unwatchOutput(_ helper: HelperProcess) { poller.remove(helper.outputNumber) }

    /// Ends a program and its children; it is waited for until it is gone.
    func end(_ helper: HelperProcess) {
        helper.kill()
        poller.remove(helper.outputNumber)
        if helper.hasEnded || helper.takeEnd() != nil {
            poller.remove(helper.exitNumber)
        } else {
            ending.append(helper)
        }
    }

    func transfer(
        for request: CredentialRequest, _ settings: CredentialSettings
    ) throws(HTTPSError) -> HTTPSTransfer {
        var https = HTTPSSettings()
        https.plainHosts = CredentialRequest.plainHosts
        https.totalTimeoutMilliseconds = Int(settings.timeoutNanoseconds / 1_000_000)
        if let identity = request.identity {
            https.certificateAuthorityFile = identity.authorityFile
            https.clientCertificateFile = identity.certificateFile
            https.clientKeyFile = identity.keyFile
        }
        if request.isNear {
            https.allowsPlainLoopback = true
            https.proxy = .none
            https.connectTimeoutMilliseconds = Self.nearConnectMilliseconds
            https.totalTimeoutMilliseconds = Self.nearTotalMilliseconds
        }
        var limits = HTTPSLimits(bodyBytes: 1, responseBytes: Self.responseBytes)
        limits.headerBytes = 16_384
        let transfer = try HTTPSTransfer(
            on: network, to: request.url, settings: https, limits: limits)
        let now = Clock.monotonicNanoseconds()
        transfer.verify(at: time.clock.verificationSeconds(at: now))
        do throws(HTTPSHeaderError) {
            try transfer.prepare { (message) throws(HTTPSHeaderError) in
                message.method = request.method == .put ? .put : .get
                for header in request.headers { try message.headers.append(header) }
            }
        } catch {
            preconditionFailure("what goes into a header was checked: \(error)")
        }
        return transfer
    }
}

extension HTTPSHeaders {
    fileprivate mutating func append(
        _ header: CredentialRequest.Header
    ) throws(HTTPSHeaderError) {
        switch header {
        case .thingName(let name): try append("x-amzn-iot-thingname", name.utf8.span)
        case .tokenSeconds(let text):
            try append("X-aws-ec2-metadata-token-ttl-seconds", text.utf8.span)
        case .metadataToken(let token): try append("X-aws-ec2-metadata-token", token.utf8.span)
        case .authorization(let token): try append("Authorization", token.utf8.span)
        }
    }
}

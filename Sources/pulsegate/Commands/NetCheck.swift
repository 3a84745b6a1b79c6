import Configuration
import Credentials
import Gateway
import HTTPS
import Linux
import SigV4
import Time
import Uplink

/// `pulsegate net check --config FILE`: tries the way to each sink, from the key to an answer, and
/// says of each step how it went and what to do. It sends no record and changes nothing.
enum NetCommand {
    static func run(_ arguments: [String]) -> Int32 {
        guard arguments.first == "check" else {
            Console.error("net: say what, as in `net check --config FILE`")
            return ExitStatus.usage
        }
        let options: Options
        do throws(OptionsError) {
            options = try Options(
                Array(arguments.dropFirst()), known: [CommandOption("config", takesValue: true)])
        } catch {
            Console.error("net check: \(error); \(Usage.hint("net check"))")
            return ExitStatus.usage
        }
        guard options.operands.isEmpty, let path = options.values["config"] else {
            Console.error("net check: say which configuration, as in `net check --config FILE`")
            return ExitStatus.usage
        }
        do throws(ConfigurationError) {
            let configuration = try Configuration.load(
                from: path, hostName: Environment.hostName())
            do throws(SetupError) {
                var check = try NetCheck(configuration)
                return check.run() ? ExitStatus.success : ExitStatus.failure
            } catch {
                Console.error("\(error)")
                return ExitStatus.failure
            }
        } catch {
            Console.log("\(error)")
            return ExitStatus.failure
        }
    }
}

/// The steps to each sink, one sink after the other.
private struct NetCheck: ~Copyable {
    /// A source of keys that has not answered by then is not asked on.
    private static let keyNanoseconds: Int64 = 15_000_000_000

    private let sinks: [SinkPlan]
    private let network: HTTPSClient
    private let worker: DiskWorker
    private let desk: CredentialDesk
    private let time: TimeKeeper
    private var poller: Poller
    private var isGood = true

    init(_ configuration: Configuration) throws(SetupError) {
        var sinks: [SinkPlan] = []
        for sink in configuration.sinks { sinks.append(try SinkPlan(sink)) }
        let log = Log(limit: .error)
        let network = try Self.openNetwork()
        let worker = try SetupError.wrap { () throws(SystemError) in
            try DiskWorker(capacity: 1 + configuration.sinks.count)
        }
        let boot = try SetupError.wrap { () throws(SystemError) in try Clock.bootID() }
        let time = TimeKeeper(folder: configuration.dataDirectory, boot: boot, log: log)
        let desk = try SetupError.wrap { () throws(SystemError) in
            try CredentialDesk(
                environment: CredentialEnvironment(variable: Environment.value), log: log,
                worker: worker, network: network, time: time)
        }
        poller = try Self.openPoller([network.number, worker.number, desk.number])
        self.sinks = sinks
        self.network = network
        self.worker = worker
        self.time = time
        self.desk = desk
    }

    private static func openNetwork() throws(SetupError) -> HTTPSClient {
        do throws(HTTPSError) {
            return try HTTPSClient()
        } catch {
            throw SetupError("network: \(error)")
        }
    }

    private static func openPoller(_ numbers: [Int32]) throws(SetupError) -> Poller {
        do throws(SystemError) {
            let poller = try Poller()
            for number in numbers {
                try poller.set(number, token: 0, readable: true, writable: false)
            }
            return poller
        } catch {
            throw SetupError("\(error)")
        }
    }

    /// Answers whether every sink can be reached.
    mutating func run() -> Bool {
        checkClock()
        for (index, sink) in sinks.enumerated() {
            guard case .network(let type, _, let plan) = sink.kind else {
                Console.line("sink \(sink.name) (file): needs no network")
                continue
            }
            Console.line("sink \(sink.name) (\(type), \(plan.url))")
            check(plan, sink, index)
        }
        desk.stop()
        worker.stop()
        Console.line(isGood ? "every sink can be reached" : "not every sink can be reached")
        return isGood
    }

    private func checkClock() {
        let now = time.now().monotonicNanoseconds
        switch (time.clock.source(at: now), time.clock.state(at: now)) {
        case (.kernel, .synced): say("clock", "ok", "set by NTP")
        case (.kernel, .unsynced):
            say("clock", "ok", "set by nobody, and plausible; the services' time decides")
        default:
            say(
                "clock", "wrong",
                "records are stamped when a service has said the time; set it: timedatectl")
        }
    }

    private func say(_ step: String, _ verdict: String, _ text: String) {
        let pad = { (word: String, width: Int) in
            word + String(repeating: " ", count: max(1, width - word.count))
        }
        Console.line("  " + pad(step, 12) + pad(verdict, 7) + text)
    }

    private mutating func fail(_ step: String, _ text: String) {
        isGood = false
        say(step, "FAILED", text)
    }

    // MARK: One sink

    private mutating func check(_ given: NetworkPlan, _ sink: SinkPlan, _ index: Int) {
        var plan = given
        plan.compresses = false
        var keeper: CredentialKeeper?
        if case .signed(_, _, _, let settings) = plan.authorization {
            let own = desk.keeper(of: settings, sink: index, name: sink.name)
            guard let key = findKey(own) else { return }
            say("key", "ok", key)
            keeper = own
        }
        do throws(RequestError) {
            var probe = try Probe(plan, network)
            var answer = try exchange(&probe, keeper)
            // A wrong clock is mended by the first answer, as in a run.
            if case .answered(let head) = answer, probe.isWrongTime(head, time, plan.url) {
                say("clock", "wrong", "the service's time is used; set it: timedatectl")
                answer = try exchange(&probe, keeper)
            }
            judge(answer, probe.transfer, plan)
        } catch {
            fail("request", error.text)
        }
    }

    /// The name and the place of the key; nil after saying why there is none.
    private mutating func findKey(_ keeper: CredentialKeeper) -> String? {
        var line: String?
        let until = Clock.monotonicNanoseconds() + Self.keyNanoseconds
        while Clock.monotonicNanoseconds() < until {
            keeper.advance(desk)
            while let report = keeper.nextReport() {
                let text = CredentialText.line(report, of: "").1
                line = String(text.dropFirst(2))
                if case .missing = report {
                    fail("key", line ?? "")
                    return nil
                }
            }
            if keeper.usable(now: time.now()) != nil { return line ?? "at hand" }
            turn(until: min(until, keeper.deadline(now: time.now()) ?? until))
        }
        fail("key", "no source has given one in 15 s; see `pulsegate check`")
        return nil
    }

    /// Waits once, and brings what has come to the desk.
    private mutating func turn(until deadline: Int64) {
        do throws(SystemError) {
            let wait = max(0, deadline - Clock.monotonicNanoseconds())
            try poller.wait(timeoutNanoseconds: min(wait, 1_000_000_000)) { _ in }
        } catch {
            Console.error("\(error)")
        }
        while let job = worker.nextFinished() { _ = desk.finish(job) }
        do throws(HTTPSError) {
            try network.progress()
        } catch {
            Console.error("\(error)")
        }
        while let transfer = network.nextFinished() { _ = desk.finish(transfer) }
    }

    private mutating func exchange(
        _ probe: inout Probe, _ keeper: CredentialKeeper?
    ) throws(RequestError) -> HTTPSResult {
        let key = keeper?.usable(now: time.now())?.credentials
        try probe.start(key, time)
        while probe.transfer.isRunning {
            turn(until: Clock.monotonicNanoseconds() + 1_000_000_000)
        }
        guard let result = probe.transfer.result else {
            preconditionFailure("a transfer that has ended has a result")
        }
        return result
    }

    private mutating func judge(
        _ result: HTTPSResult, _ transfer: HTTPSTransfer, _ plan: NetworkPlan
    ) {
        switch result {
        case .failed(let failure):
            fail(Self.step(failure.category), "\(failure)")
        case .answered(let answer):
            let kind = answer.isVerified ? "TLS, the certificate is good" : "without TLS"
            let took = transfer.traffic.durationMicroseconds / 1_000
            say("connection", "ok", "\(kind); answered after \(took) ms")
            let refusal = ServiceError.refusal(
                status: answer.status, body: transfer.response, isPage: answer.isPage)
            // A request without records is refused for having none, or taken.
            let isTaken = (200..<300).contains(answer.status) && !answer.isPage
            let isEmptyOnly = [.content, .invalidRequest].contains(refusal)
            if isTaken || isEmptyOnly {
                say("request", "ok", "status \(answer.status) to a request without records")
            } else {
                fail("request", "status \(answer.status): \(Messages.text(refusal))")
            }
        }
    }

    private static func step(_ category: HTTPSFailure.Category) -> String {
        switch category {
        case .nameResolution: "name"
        case .connect, .proxy, .timeOut, .connectionLost: "connection"
        case .certificate, .tls: "TLS"
        case .responseTooLarge, .notHTTP, .other: "answer"
        }
    }
}

/// One request without records.
private struct Probe: ~Copyable {
    let transfer: HTTPSTransfer
    private var writer: RequestWriter
    private let body: [UInt8]

    init(_ plan: NetworkPlan, _ network: HTTPSClient) throws(RequestError) {
        let transfer = try Self.transfer(plan, network)
        writer = try Self.writer(plan)
        self.transfer = transfer
        body = Self.body(plan)
    }

    private static func writer(_ plan: NetworkPlan) throws(RequestError) -> RequestWriter {
        do throws(SigningError) {
            return try RequestWriter(plan: plan, compressor: nil)
        } catch {
            throw RequestError(text: "requests cannot be signed: \(error)")
        }
    }

    private static func transfer(
        _ plan: NetworkPlan, _ network: HTTPSClient
    ) throws(RequestError) -> HTTPSTransfer {
        do throws(HTTPSError) {
            let limits = HTTPSLimits(bodyBytes: 4_096, responseBytes: 65_536)
            return try HTTPSTransfer(
                on: network, to: plan.url, settings: plan.https, limits: limits)
        } catch {
            throw RequestError(text: "\(error)")
        }
    }

    /// An AWS service wants its stream named before it looks at the records.
    private static func body(_ plan: NetworkPlan) -> [UInt8] {
        guard let stream = plan.stream else { return [] }
        let name = plan.target?.hasPrefix("Firehose") == true ? "DeliveryStreamName" : "StreamName"
        return Array("{\"\(name)\":\"\(stream)\",\"Records\":[]}".utf8)
    }

    mutating func start(
        _ credentials: SigningCredentials?, _ time: TimeKeeper
    ) throws(RequestError) {
        let now = time.now()
        transfer.verify(at: time.clock.verificationSeconds(at: now.monotonicNanoseconds))
        if let credentials { writer.use(credentials) }
        let body = self.body
        try transfer.prepare { (message) throws(RequestError) in
            message.method = .post
            try writer.write(body: body.span, now: now, to: &message)
        }
        do throws(HTTPSError) {
            try transfer.start()
        } catch {
            throw RequestError(text: "\(error)")
        }
    }

    /// The request was refused for its time, and there is another one now.
    func isWrongTime(_ answer: HTTPSAnswer, _ time: TimeKeeper, _ endpoint: String) -> Bool {
        let refusal = ServiceError.refusal(status: answer.status, body: transfer.response)
        let isRefused = answer.status >= 400 && refusal == .clockSkew
        return time.note(answer, isRefused: isRefused, by: endpoint) && isRefused
    }
}

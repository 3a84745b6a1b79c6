import Alarm
import Diagnostics
import Gateway
import Linux
import LocalHTTP
import Time
import Vitals
import WireFormat

/// The server of the LAN at work in the gateway. An address that cannot be listened at is tried
/// again: a gateway that cannot be asked is a gateway all the same.
final class HTTPDesk {
    /// Between two attempts to listen.
    private static let retryNanoseconds: Int64 = 10_000_000_000
    /// Between two states for those who watch.
    private static let statusNanoseconds: Int64 = 1_000_000_000
    /// How long the answer to a wrong token takes.
    private static let wrongNanoseconds: Int64 = 1_000_000_000

    let plan: HTTPPlan
    let admission: Admission
    let page = Documents.page(PackageResources.index_html)
    let events: EventFeed
    let metrics: MetricsDesk
    private let log: Log
    private var server: HTTPServer?
    private var retryAt: Int64 = 0
    /// Said once, though it is tried again and again.
    private var trouble: String?
    private var isClosed = false
    private var statusAt: Int64?
    private var status = LocalStatus()
    /// Lines about wrong tokens: three, and one in ten seconds.
    private var wrongPace = LogPace(burst: 3, rate: 1)
    private(set) var wrongCount: UInt64 = 0

    /// Takes the memory for so many sensors and sinks.
    init(_ plan: HTTPPlan, device: String, sensors: Int, sinks: Int, log: Log) {
        var plan = plan
        let statusBytes = LocalStatus.byteLimit(sensors: sensors, sinks: sinks)
        plan.server.answerBytesMax = max(
            plan.server.answerBytesMax, statusBytes,
            MetricsDesk.byteLimit(sensors: sensors, sinks: sinks))
        metrics = MetricsDesk(
            sensors: sensors, sinks: sinks, saysHeartRate: plan.metricsHeartRate)
        self.plan = plan
        self.log = log
        admission = Admission(token: plan.token, host: plan.server.address)
        // Ten seconds of the busiest gateway, and far more of a quiet one.
        events = EventFeed(
            capacity: 4 * statusBytes + 64 << 10, eventBytesMax: statusBytes + 1_024,
            clientsMax: max(1, plan.server.connectionsMax / 2))
        status.device = device
        status.sensors.reserveCapacity(sensors)
        status.sinks.reserveCapacity(sinks)
        if let file = plan.tokenFile, FileState(of: file)?.isReadableByOthers ?? false {
            log.write(
                .warning,
                "[http] token_file = \(file): others may read it; chmod 600 \(file)")
        }
    }

    /// Begins to listen, where that is due. Answers the descriptor to watch, when there is a new
    /// one.
    func listen(_ now: Int64) -> Int32? {
        guard server == nil, !isClosed, now >= retryAt else { return nil }
        do throws(HTTPServerError) {
            let server = try HTTPServer(plan.server)
            self.server = server
            let host = plan.server.address
            let place = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
            log.write(.notice, "http: listens at http://\(place):\(server.port)/")
            trouble = nil
            return server.number
        } catch {
            retryAt = now + Self.retryNanoseconds
            if trouble != "\(error)" {
                log.write(.error, "http: \(error); tried again every 10 s (set [http] listen)")
            }
            trouble = "\(error)"
            return nil
        }
    }

    /// When `listen`, `service` or `sendStatus` has something to do (monotonic nanoseconds).
    var deadline: Int64? {
        guard !isClosed else { return nil }
        guard let server else { return retryAt }
        guard events.isWatched, let statusAt else { return server.deadline }
        let due = statusAt + Self.statusNanoseconds
        return min(server.deadline ?? due, due)
    }

    /// Lets clients be served, as far as it goes without waiting.
    func service(_ route: (HTTPExchange) -> Void) { server?.service(route) }

    /// Ends every connection.
    func close() {
        isClosed = true
        server?.close()
        server = nil
    }

    // MARK: Who may ask

    /// Answers whoever may not ask; true for those who may.
    func admit(_ exchange: HTTPExchange, _ access: Route.Access, now: Int64) -> Bool {
        switch admission.judge(exchange, needsToken: access == .data) {
        case .admitted: return true
        case .refused(let problem, let isWrong):
            refuse(exchange, problem, isWrong: isWrong, now: now)
            return false
        }
    }

    /// A wrong token is answered a second later, so trying is slow; the right one never waits.
    func refuse(_ exchange: HTTPExchange, _ problem: HTTPProblem, isWrong: Bool, now: Int64) {
        if isWrong {
            wrongCount += 1
            exchange.hold(until: now + Self.wrongNanoseconds)
            if wrongPace.admits(now: now / 10) {
                log.write(.warning, "http: a wrong token was shown (\(wrongCount) so far)")
            }
        }
        exchange.answer(
            problem,
            fields: problem.status == .unauthorized ? [("WWW-Authenticate", "Bearer")] : [])
    }

    // MARK: What is told

    /// The status of now, in memory that is kept.
    func withStatus(
        of pipeline: borrowing Pipeline, now: Int64, _ use: (borrowing LocalStatus) -> Void
    ) {
        StatusView.fill(&status, from: pipeline, now: now)
        use(status)
    }

    /// Tells those who watch how the gateway is, once a second.
    func sendStatus(of pipeline: borrowing Pipeline, now: Int64) {
        guard events.isWatched, now >= (statusAt ?? 0) + Self.statusNanoseconds else { return }
        makeStatus(of: pipeline, now: now)
    }

    /// Begins to tell `exchange`: with a status of now, or of this second.
    func watch(_ exchange: HTTPExchange, _ pipeline: borrowing Pipeline, now: Int64) {
        if now >= (statusAt ?? 0) + Self.statusNanoseconds { makeStatus(of: pipeline, now: now) }
        guard events.open(exchange) else {
            return exchange.answer(
                HTTPProblem(.unavailable, "as many watch as may"), fields: [("Retry-After", "5")])
        }
    }

    private func makeStatus(of pipeline: borrowing Pipeline, now: Int64) {
        statusAt = now
        withStatus(of: pipeline, now: now) { status in
            events.publish("status", isEntry: true) { $0.append(json: status) }
        }
    }

    /// A notification that arrived at `arrival` has been judged and its alarm carried out. What is
    /// no heart rate is seen in the next status.
    func tell(
        _ live: Operations.Live?, sequence: UInt64?, sensor: String, at time: Moment,
        arrival: Int64
    ) {
        guard let live, live.at == arrival,
            case .heartRate = HeartRateState(live.measurement)
        else { return }
        events.publish("measurement", id: sequence) { buffer in
            buffer.append(
                jsonEvent: live.measurement, sequence: sequence, sensor: sensor,
                wallMicroseconds: time.wallMicroseconds)
        }
    }

    /// An alarm has changed; lamp and buzzer know it.
    func tell(_ event: AlarmEvent, _ pipeline: borrowing Pipeline, now: Int64) {
        guard events.isWatched else { return }
        let entry = pipeline.gateway.panel.entry(event.condition, of: event.source)
        var alarm = StatusView.alarm(entry, pipeline, now: now)
        alarm.sinceMicroseconds = alarm.sinceMicroseconds ?? event.time.wallMicroseconds
        events.publish("alarm") { $0.append(json: alarm, edge: event.edge) }
    }
}

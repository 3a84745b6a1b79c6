import Bytes
import HTTPS
import Linux
import Simulator

/// Posts of simulated patients on their way to a gateway: several requests at a time, each tried
/// until it is answered, always under the same key.
final class SimulationSender {
    /// Requests at a time.
    private static let flightCount = 8
    /// A gateway that has not answered anything for so long is not there.
    private static let patienceNanoseconds: Int64 = 30_000_000_000
    private static let bytesPerPost = 512

    /// One request and what it carries.
    private final class Flight {
        let transfer: HTTPSTransfer
        /// Posts in it; 0 while there is none.
        var posts = 0
        /// After a refusal: not before (monotonic nanoseconds).
        var retryAt: Int64?

        init(_ transfer: HTTPSTransfer) { self.transfer = transfer }
    }

    private let plan: SimulationPlan
    private var simulation: Simulation
    private let network: HTTPSClient
    private let flights: [Flight]
    private let begun = Clock.monotonicNanoseconds()
    private var lastAnswer = Clock.monotonicNanoseconds()
    private var requests = 0
    private var retries = 0
    private var accepted = 0
    private var refused = 0
    /// The last thing that went wrong.
    private var trouble = ""

    init(_ plan: SimulationPlan, url: String) throws(SetupError) {
        self.plan = plan
        simulation = Simulation(plan.settings)
        do throws(HTTPSError) {
            network = try HTTPSClient()
            var settings = HTTPSSettings()
            settings.allowsPlainLoopback = true
            let limits = HTTPSLimits(
                bodyBytes: plan.batch * Self.bytesPerPost, responseBytes: 256 << 10)
            var flights: [Flight] = []
            for _ in 0..<Self.flightCount {
                flights.append(
                    Flight(
                        try HTTPSTransfer(
                            on: network, to: url, settings: settings, limits: limits)))
            }
            self.flights = flights
        } catch {
            throw SetupError("\(url): \(error)")
        }
    }

    /// Sends everything; answers whether all of it was answered.
    func run() throws(SetupError) -> Bool {
        var poller = try SetupError.wrap { () throws(SystemError) in try Poller() }
        let number = network.number
        try SetupError.wrap { () throws(SystemError) in
            try poller.set(number, token: 0, readable: true, writable: false)
        }
        while true {
            let now = Clock.monotonicNanoseconds()
            try begin(now: now)
            if isDone || now - lastAnswer > Self.patienceNanoseconds { break }
            let timeout = max(0, deadline(now: now) - now)
            try SetupError.wrap { () throws(SystemError) in
                try poller.wait(timeoutNanoseconds: timeout) { _ in }
            }
            do throws(HTTPSError) {
                try network.progress()
            } catch {
                throw SetupError("\(error)")
            }
            while let transfer = network.nextFinished() { finish(transfer) }
        }
        return report()
    }

    private var isMade: Bool { simulation.count >= plan.count }

    private var isDone: Bool { isMade && flights.allSatisfy { $0.posts == 0 } }

    /// When the next batch has all its posts (monotonic nanoseconds).
    private var nextDue: Int64 {
        guard !plan.isFast else { return 0 }
        let last = min(simulation.count + plan.batch, plan.count) - 1
        return begun + Int64(Double(last) / plan.settings.perSecond * 1e9)
    }

    private func deadline(now: Int64) -> Int64 {
        var due = now + 1_000_000_000
        if !isMade, flights.contains(where: { $0.posts == 0 }) { due = min(due, nextDue) }
        for flight in flights { if let time = flight.retryAt { due = min(due, time) } }
        return due
    }

    /// Begins what is due: repeats first.
    private func begin(now: Int64) throws(SetupError) {
        for flight in flights {
            if let time = flight.retryAt, time <= now {
                flight.retryAt = nil
                retries += 1
                try start(flight)
            }
        }
        while !isMade, nextDue <= now, let flight = flights.first(where: { $0.posts == 0 }) {
            try load(flight)
            try start(flight)
        }
    }

    private func load(_ flight: Flight) throws(SetupError) {
        let first = simulation.count
        let count = min(plan.batch, plan.count - first)
        // Another run begins at another time: its posts are others, and so are its keys.
        let key = "simulate-\(plan.settings.seed)-\(plan.settings.startMicroseconds)-\(first)"
        do throws(HTTPSHeaderError) {
            try flight.transfer.prepare { (request) throws(HTTPSHeaderError) in
                request.method = .post
                request.body.removeAll()
                for _ in 0..<count { simulation.appendPost(to: &request.body) }
                request.headers.removeAll()
                try request.headers.append(
                    "Content-Type", plan.batch > 1 ? "application/x-ndjson" : "application/json")
                try request.headers.append("Idempotency-Key", key.utf8.span)
                if let token = plan.token {
                    let bearer = Array("Bearer ".utf8) + token
                    try request.headers.append("Authorization", bearer.span)
                }
            }
        } catch {
            throw SetupError("the token has bytes that no header has")
        }
        flight.posts = count
    }

    private func start(_ flight: Flight) throws(SetupError) {
        requests += 1
        do throws(HTTPSError) {
            try flight.transfer.start()
        } catch {
            throw SetupError("\(error)")
        }
    }

    private func finish(_ transfer: HTTPSTransfer) {
        guard let flight = flights.first(where: { $0.transfer === transfer }),
            let result = transfer.result
        else { return }
        let now = Clock.monotonicNanoseconds()
        switch result {
        case .failed(let failure):
            trouble = "\(failure)"
            flight.retryAt = now + 500_000_000
        case .answered(let answer):
            lastAnswer = now
            switch answer.status {
            case 202:
                let counts = Self.counts(in: transfer.response)
                accepted += counts.accepted
                refused += counts.refused
                flight.posts = 0
            case 400, 413, 422:
                refused += flight.posts
                flight.posts = 0
            case 429, 503:
                trouble = "status \(answer.status)"
                flight.retryAt = now + Int64(answer.retryAfterSeconds ?? 1) * 1_000_000_000
            default:
                trouble = "status \(answer.status): \(String(decoding: transfer.response))"
                // Nothing that a repeat mends: the answer is counted as none.
                lastAnswer = now - Self.patienceNanoseconds
                flight.retryAt = now + Self.patienceNanoseconds
            }
        }
    }

    /// What the gateway says of a batch.
    private static func counts(in answer: Span<UInt8>) -> (accepted: Int, refused: Int) {
        var counts = (accepted: 0, refused: 0)
        var scanner = JSONScanner(answer)
        do throws(JSONError) {
            try scanner.expect(.beginObject)
            while case .key(let key) = try scanner.next() {
                let token = try scanner.next()
                guard case .number(let range) = token else {
                    try scanner.skipRest(of: token)
                    continue
                }
                let number = Int(clamping: answer.extracting(range).parseDecimal() ?? 0)
                if answer.extracting(key).isEqual(to: "accepted") { counts.accepted = number }
                if answer.extracting(key).isEqual(to: "refused") { counts.refused = number }
            }
        } catch {
            // An answer that is no JSON counts as nothing.
        }
        return counts
    }

    private func report() -> Bool {
        let seconds = Double(Clock.monotonicNanoseconds() - begun) / 1e9
        let rate = Double(accepted + refused) / max(seconds, 0.001)
        Console.log(
            "simulate: \(simulation.count) posts made, \(simulation.badCount) of them bad; "
                + "\(accepted) accepted, \(refused) refused, \(requests) requests, "
                + "\(retries) of them again; \(Int(rate.rounded())) a second")
        guard isDone else {
            Console.error("simulate: not everything was answered; last trouble: \(trouble)")
            return false
        }
        return true
    }
}

import Uplink

/// What becomes of one request: which of its records the service stores, and what it says.
struct SimulatedAnswer {
    enum Reply {
        case http(status: Int, body: String, retryAfterNanoseconds: Int64)
        case delivered
        /// A timeout, a reset connection, a write error.
        case none
    }

    /// By place in the request.
    let stored: [Bool]
    /// The gateway learns from the reply that these are stored.
    let acknowledged: [Bool]
    let reply: Reply
}

/// A cloud service or a local file, in good and bad times.
enum SimulatedService {
    /// The answer to a Kinesis request of `count` records.
    static func kinesis(
        count: Int, hasTrouble: Bool, _ random: inout RandomSource
    ) -> SimulatedAnswer {
        let all = Array(repeating: true, count: count)
        let none = Array(repeating: false, count: count)
        guard hasTrouble else { return http(all, all, 200, putRecordsAnswer(all)) }
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1:
            let some = all.map { _ in Bool.random(using: &random) }
            let lie = Bool.random(using: &random) ? nil : Int.random(in: 0...count, using: &random)
            return http(some, some, 200, putRecordsAnswer(some, failedRecordCount: lie))
        case 2: return http(none, none, 200, "<html>Please log in</html>")
        case 3:
            let cut = putRecordsAnswer(all).dropLast(Int.random(in: 1...20, using: &random))
            return http(all, none, 200, String(cut))
        case 4: return http(all, none, 200, putRecordsAnswer(Array(all.dropLast())))
        case 5:
            let stored = Bool.random(using: &random) ? all : none
            return http(
                stored, none, [500, 502, 503, 504].randomElement(using: &random) ?? 500, "")
        case 6:
            let codes = [
                "ProvisionedThroughputExceededException", "ExpiredTokenException", "Unknown",
            ]
            let code = codes.randomElement(using: &random) ?? ""
            return http(none, none, 400, #"{"__type":"\#(code)"}"#)
        case 7:
            let wait = Int64.random(in: 0...40 * second, using: &random)
            return http(none, none, 429, "slow down", retryAfter: wait)
        default:
            let stored = Bool.random(using: &random) ? all : none
            return SimulatedAnswer(stored: stored, acknowledged: none, reply: .none)
        }
    }

    /// The answer of an index that never takes what is poison to it.
    static func index(
        _ isPoison: [Bool], hasTrouble: Bool, _ random: inout RandomSource
    ) -> SimulatedAnswer {
        let none = isPoison.map { _ in false }
        let good = isPoison.map { !$0 }
        guard hasTrouble else {
            return http(good, good, 200, bulkAnswer(isPoison.map { $0 ? 400 : 201 }))
        }
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1:
            let taken = good.map { $0 && Bool.random(using: &random) }
            let statuses = zip(isPoison, taken).map { isPoison, isTaken in
                let codes =
                    isPoison ? [400, 413, 429] : isTaken ? [201, 200, 409] : [429, 503, 403]
                return codes.randomElement(using: &random) ?? 503
            }
            return http(taken, taken, 200, bulkAnswer(statuses))
        case 2: return http(good, none, 200, String(bulkAnswer(good.map { _ in 201 }).dropLast()))
        case 3: return http(none, none, 503, "")
        default: return SimulatedAnswer(stored: good, acknowledged: none, reply: .none)
        }
    }

    /// The answer of a collector that takes no request with poison in it.
    static func collector(
        _ isPoison: [Bool], hasTrouble: Bool, _ random: inout RandomSource
    ) -> SimulatedAnswer {
        let none = isPoison.map { _ in false }
        let all = isPoison.map { _ in true }
        if isPoison.contains(true) {
            return http(none, none, [400, 413, 422].randomElement(using: &random) ?? 400, "no")
        }
        guard hasTrouble else { return http(all, all, 204, "") }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return http(none, none, 200, "<!doctype html><title>Log in</title>")
        case 1: return http(none, none, 302, "")
        case 2: return http(none, none, 503, "")
        default: return SimulatedAnswer(stored: all, acknowledged: none, reply: .none)
        }
    }

    /// The outcome of `count` lines for a file. A full disk takes some of them.
    static func file(
        count: Int, hasTrouble: Bool, _ random: inout RandomSource
    ) -> SimulatedAnswer {
        let all = Array(repeating: true, count: count)
        guard hasTrouble else {
            return SimulatedAnswer(stored: all, acknowledged: all, reply: .delivered)
        }
        let taken = Int.random(in: 0...count, using: &random)
        return SimulatedAnswer(
            stored: (0..<count).map { $0 < taken },
            acknowledged: Array(repeating: false, count: count), reply: .none)
    }

    private static func http(
        _ stored: [Bool], _ acknowledged: [Bool], _ status: Int, _ body: String,
        retryAfter: Int64 = 0
    ) -> SimulatedAnswer {
        SimulatedAnswer(
            stored: stored, acknowledged: acknowledged,
            reply: .http(status: status, body: body, retryAfterNanoseconds: retryAfter))
    }
}

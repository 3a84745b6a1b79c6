import HTTPS
import Linux
import Time

/// One request after the other: the function has nothing to do while one is on its way, and when an
/// invocation is answered none is. What is in flight when Lambda freezes the process would be lost.
final class Exchange {
    let client: HTTPSClient
    private var poller: Poller

    init() throws(RelayError) {
        do throws(HTTPSError) {
            client = try HTTPSClient()
        } catch {
            throw RelayError("\(error)")
        }
        do throws(SystemError) {
            poller = try Poller()
            try poller.set(client.number, token: 0, readable: true, writable: false)
        } catch {
            throw RelayError("\(error)")
        }
    }

    /// Sends the request that `transfer` has and waits for its end, `milliseconds` at most; nil:
    /// for ever.
    func run(
        _ transfer: HTTPSTransfer, milliseconds: Int64?
    ) throws(RelayError) -> HTTPSAnswer {
        let end = milliseconds.map { Clock.monotonicNanoseconds() + $0 * 1_000_000 }
        do throws(HTTPSError) {
            try transfer.start()
            while transfer.isRunning {
                try wait(until: end)
                try client.progress()
                while client.nextFinished() != nil {}
                if let end, Clock.monotonicNanoseconds() >= end { break }
            }
        } catch {
            transfer.cancel()
            throw RelayError("\(error)")
        }
        guard !transfer.isRunning else {
            transfer.cancel()
            throw RelayError("no answer in time")
        }
        switch transfer.result {
        case .answered(let answer): return answer
        case .failed(let failure): throw RelayError("\(failure)")
        case nil: preconditionFailure("a transfer that has ended has a result")
        }
    }

    private func wait(until end: Int64?) throws(HTTPSError) {
        do throws(SystemError) {
            let left = end.map { max(0, $0 - Clock.monotonicNanoseconds()) }
            try poller.wait(timeoutNanoseconds: left) { _ in }
        } catch {
            throw .system(error)
        }
    }
}

/// Why a request has no answer, or the function cannot start: words for the log.
struct RelayError: Error, CustomStringConvertible {
    let description: String

    init(_ text: String) { description = text }
}

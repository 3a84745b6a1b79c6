import Bytes
import HTTPS
import Relay

/// Lambda's side of a custom runtime (Lambda Developer Guide, "Using the Lambda runtime API",
/// version 2018-06-01): plain HTTP on an address of the function's own machine.
final class RuntimeAPI {
    /// What is asked of the function.
    struct Invocation {
        let requestID: String
        let deadline: Deadline
    }

    /// Bytes of an event at most: 6 MB (Lambda quotas), and some for who counts otherwise.
    private static let eventBytesMax = 7 << 20

    private let exchange: Exchange
    private let base: String
    /// The last event stays readable here until the next request.
    let transfer: HTTPSTransfer

    /// `answerBytes`: the longest answer of this function.
    init(address: String, answerBytes: Int, on exchange: Exchange) throws(RelayError) {
        self.exchange = exchange
        base = "http://\(address)/2018-06-01/runtime/"
        var settings = HTTPSSettings()
        settings.plainHosts = [String(address.prefix { $0 != ":" })]
        settings.proxy = .none
        // Between two events may lie hours, in which the process is frozen.
        settings.totalTimeoutMilliseconds = 0
        settings.lowSpeedSeconds = 0
        settings.lowSpeedBytesPerSecond = 0
        do throws(HTTPSError) {
            transfer = try HTTPSTransfer(
                on: exchange.client, to: base, settings: settings,
                limits: HTTPSLimits(bodyBytes: answerBytes, responseBytes: Self.eventBytesMax),
                keptHeaders: ["lambda-runtime-aws-request-id:", "lambda-runtime-deadline-ms:"])
        } catch {
            throw RelayError("AWS_LAMBDA_RUNTIME_API: \(error)")
        }
    }

    /// Waits for the next event, as long as it takes.
    func next() throws(RelayError) -> Invocation {
        transfer.prepare { request in
            request.method = .get
            request.headers.removeAll()
        }
        try direct(to: "invocation/next")
        let answer = try exchange.run(transfer, milliseconds: nil)
        guard answer.status == 200, let id = transfer.keptHeader(0), Self.isName(id),
            let milliseconds = transfer.keptHeader(1).flatMap({ Int64($0) })
        else { throw RelayError("the runtime API answers \(answer.status) to \"next\"") }
        return Invocation(requestID: id, deadline: Deadline(milliseconds: milliseconds))
    }

    /// A part of a path: what stands in it ends up in an address.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 128
            && text.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") <= 9
                    || (byte | 0x20) &- UInt8(ascii: "a") < 26
            }
    }

    /// Answers the invocation with what `write` appends.
    func respond(
        to invocation: Invocation, _ write: (inout FixedBuffer) -> Void
    ) throws(RelayError) {
        try post("invocation/\(invocation.requestID)/response", write)
    }

    /// Says that the invocation has failed as a whole.
    func fail(
        _ invocation: Invocation, type: StaticString, message: String
    ) throws(RelayError) {
        try post("invocation/\(invocation.requestID)/error", type: type) { body in
            FunctionError.append(type: type, message: message, to: &body)
        }
    }

    /// Says that the function cannot start.
    func failStart(type: StaticString, message: String) throws(RelayError) {
        try post("init/error", type: type) { body in
            FunctionError.append(type: type, message: message, to: &body)
        }
    }

    private func post(
        _ path: String, type: StaticString? = nil, _ write: (inout FixedBuffer) -> Void
    ) throws(RelayError) {
        do throws(HTTPSHeaderError) {
            try transfer.prepare { (request) throws(HTTPSHeaderError) in
                request.method = .post
                request.headers.removeAll()
                try request.headers.append("Content-Type", "application/json")
                if let type {
                    try request.headers.append("Lambda-Runtime-Function-Error-Type", type)
                }
                request.body.removeAll()
                write(&request.body)
            }
        } catch {
            throw RelayError("a header for the runtime API: \(error)")
        }
        try direct(to: path)
        let answer = try exchange.run(transfer, milliseconds: nil)
        guard (200..<300).contains(answer.status) else {
            throw RelayError("the runtime API answers \(answer.status) to \(path)")
        }
    }

    private func direct(to path: String) throws(RelayError) {
        do throws(HTTPSError) {
            try transfer.setURL(base + path)
        } catch {
            throw RelayError("\(error)")
        }
    }
}

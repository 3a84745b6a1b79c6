import Alarm
import Bytes
import HTTPS
import Linux
import Relay

/// Runs one half of the relay until Lambda ends the process.
func serve(_ settings: RelaySettings, _ runtime: RuntimeAPI, _ exchange: Exchange)
    throws(RelayError)
{
    switch settings.handler {
    case .indexer(let indexerSettings):
        let indexer: Indexer
        do throws(RelayError) {
            indexer = try Indexer(indexerSettings, on: exchange)
        } catch {
            try runtime.failStart(type: "Relay.Settings", message: "\(error)")
            throw error
        }
        while true { try index(with: indexer, runtime, isVerbose: settings.isVerbose) }
    case .transform(let high, let clear):
        var answer = TransformAnswer(
            limits: RateLimits(highBeatsPerMinute: high, clearBeatsPerMinute: clear))
        while true { try transform(with: &answer, runtime, isVerbose: settings.isVerbose) }
    }
}

/// Answers one event of Kinesis.
func index(with indexer: Indexer, _ runtime: RuntimeAPI, isVerbose: Bool) throws(RelayError) {
    let invocation = try runtime.next()
    let transfer = runtime.transfer
    let lowest: [UInt8]?
    do throws(RelayError) {
        let range = try indexer.index(transfer.response, deadline: invocation.deadline) {
            if isVerbose || $0 != .info { Log.write($0, $1, requestID: invocation.requestID) }
        }
        lowest = range.map { copy(transfer.response.extracting($0)) }
    } catch {
        Log.write(.error, "\(error)", requestID: invocation.requestID)
        return try runtime.fail(invocation, type: "Relay.Event", message: "\(error)")
    }
    try runtime.respond(to: invocation) { body in
        if let lowest {
            BatchItemFailures.append(lowest: lowest.span, to: &body)
        } else {
            BatchItemFailures.append(lowest: nil, to: &body)
        }
    }
}

func copy(_ bytes: Span<UInt8>) -> [UInt8] {
    var copied: [UInt8] = []
    for index in bytes.indices { copied.append(bytes[index]) }
    return copied
}

/// Answers one event of Firehose.
func transform(
    with answer: inout TransformAnswer, _ runtime: RuntimeAPI, isVerbose: Bool
) throws(RelayError) {
    let invocation = try runtime.next()
    let transfer = runtime.transfer
    let event: FirehoseEvent
    do throws(EventError) {
        event = try FirehoseEvent(transfer.response)
    } catch {
        Log.write(.error, "\(error)", requestID: invocation.requestID)
        return try runtime.fail(invocation, type: "Relay.Event", message: "\(error)")
    }
    try runtime.respond(to: invocation) { body in
        answer.append(answerTo: event, transfer.response, to: &body)
    }
    let counts = answer.counts
    if isVerbose || counts.failed > 0 {
        Log.write(
            counts.failed > 0 ? .warning : .info,
            "\(counts.ok) ok, \(counts.dropped) dropped, \(counts.failed) failed",
            requestID: invocation.requestID)
    }
}

/// Reads the environment, says so to Lambda when it is wrong, and serves.
func start() throws(RelayError) {
    let exchange = try Exchange()
    let settings: RelaySettings
    do throws(SettingError) {
        settings = try RelaySettings { Environment.value($0) }
    } catch {
        if let address = Environment.value("AWS_LAMBDA_RUNTIME_API") {
            let runtime = try RuntimeAPI(address: address, answerBytes: 65_536, on: exchange)
            try runtime.failStart(type: "Relay.Settings", message: "\(error)")
        }
        throw RelayError("\(error)")
    }
    var answerBytes = Indexer.answerBytes
    if case .transform = settings.handler { answerBytes = TransformAnswer.bytesMax }
    let runtime = try RuntimeAPI(
        address: settings.runtimeAPI, answerBytes: answerBytes, on: exchange)
    try serve(settings, runtime, exchange)
}

do throws(RelayError) {
    try start()
} catch {
    Log.write(.error, "\(error)")
}
// Lambda starts another one.
endProcess(1)

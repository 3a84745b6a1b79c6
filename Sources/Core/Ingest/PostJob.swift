import Bytes
import Gateway
import RecordRing
import Time
import WireFormat

/// One request on its way through the gate.
struct PostJob {
    /// What a line turned out to be.
    private enum Verdict {
        case form(PatientPost.Accepted)
        case error(ErrorPost.Accepted)
        case refused(PostRefused)
    }

    let request: PostRequest
    let lines: [Range<Int>]
    let keyHash: UInt64?
    private var verdicts: [Verdict] = []
    /// Of the body and what it is called.
    private(set) var bodyHash: UInt64 = 0
    /// Lines that are recorded as what they are.
    private(set) var acceptedCount = 0
    /// Those of them that are forms.
    private(set) var formCount = 0
    /// Hash of all forms.
    private(set) var chain: UInt64 = 0
    /// The same after the first n forms.
    private var chains: [UInt64] = [0]

    init(request: PostRequest, lines: [Range<Int>]) {
        self.request = request
        self.lines = lines
        keyHash = request.key.map { KeyTable.hash(of: $0.span, path: request.path) }
        verdicts.reserveCapacity(lines.count)
    }

    mutating func judge(_ body: Span<UInt8>) {
        var hash = PostHash()
        hash.mix(request.isBatch ? 1 : 0)
        hash.mix(body)
        bodyHash = hash.value
        for line in lines {
            let post = body.extracting(line)
            switch request.path {
            case .patientStats:
                switch PatientPost.judge(post) {
                case .success(let form):
                    verdicts.append(.form(form))
                    acceptedCount += 1
                    formCount += 1
                    chain = KeyTable.chain(chain, form.name.bytes, form.payload(keyHash: 0))
                    chains.append(chain)
                case .failure(let refused): verdicts.append(.refused(refused))
                }
            case .errorMessage:
                switch ErrorPost.judge(post) {
                case .success(let error):
                    verdicts.append(.error(error))
                    acceptedCount += 1
                case .failure(let refused): verdicts.append(.refused(refused))
                }
            }
        }
    }

    /// The key's first post was this one: byte for byte; or, of what the ring has of it after a
    /// start, form for form.
    func isRepeat(of entry: KeyTable.Entry) -> Bool {
        if let post = entry.post { return post == bodyHash }
        let count = Int(entry.forms)
        return count < chains.count && chains[count] == entry.chain
    }

    /// Records every line behind the first `skipping` forms. Answers the last sequence.
    func record(
        skipping: Int, into gateway: inout Gateway, time: Moment, clock: ClockState,
        syncNanoseconds: Int64, now: Int64
    ) -> UInt64? {
        var forms = 0
        var last: UInt64?
        for verdict in verdicts {
            let payload: Payload
            let name: SensorName
            switch verdict {
            case .form(let form):
                forms += 1
                payload = .patientStats(form.payload(keyHash: keyHash ?? 0))
                name = form.name.head
            case .error(let error):
                payload = .postedError(error.payload)
                name = error.head
            case .refused(let refused):
                payload = .refusedPost(refused.payload)
                name = refused.head
            }
            let isThere = skipping > 0 && (forms < skipping || forms == skipping && isForm(verdict))
            guard !isThere else { continue }
            last = gateway.keep(
                post: payload, of: name, time: time, clock: clock,
                syncNanoseconds: syncNanoseconds, now: now)
        }
        return last
    }

    private func isForm(_ verdict: Verdict) -> Bool {
        if case .form = verdict { true } else { false }
    }

    /// What the sender is told.
    func outcome(_ body: Span<UInt8>, last: UInt64?) -> PostOutcome {
        if !request.isBatch, case .refused(let refused) = verdicts[0] {
            return refusal(refused, body)
        }
        return .recorded(answer: answer(body), last: last)
    }

    /// Bytes of a refusal's pointer and detail: field names, and what is repeated of the post,
    /// each byte of which becomes six at most.
    private static let refusalBytes = 1_024

    private func refusal(_ refused: PostRefused, _ body: Span<UInt8>) -> PostOutcome {
        let post = body.extracting(lines[0])
        var buffer = FixedBuffer(capacity: Self.refusalBytes)
        buffer.append(detailOf: refused.refusal, in: post)
        let detail = buffer.array
        buffer.removeAll()
        let hasPointer = buffer.append(pointerOf: refused.refusal, in: post)
        return .refused(
            status: refused.refusal.status, detail: detail,
            pointer: hasPointer ? buffer.array : nil)
    }

    /// How many lines were recorded, and what is wrong with each of the others:
    ///
    /// ```
    /// {"accepted":2,"refused":1,"results":[
    ///  {"line":3,"status":422,"pointer":"/heart_rate","detail":"heart_rate is 999, …"}]}
    /// ```
    ///
    /// Lines are counted from 1 as they stand in the body, those that say nothing not counted.
    private func answer(_ body: Span<UInt8>) -> [UInt8] {
        let refusedCount = lines.count - acceptedCount
        var text = FixedBuffer(capacity: 128 + Self.refusalBytes)
        text.append("{\"accepted\":")
        text.append(decimal: acceptedCount)
        text.append(",\"refused\":")
        text.append(decimal: refusedCount)
        text.append(",\"results\":[")
        var all = text.array
        var words = FixedBuffer(capacity: Self.refusalBytes)
        var isFirst = true
        for (index, verdict) in verdicts.enumerated() {
            guard case .refused(let refused) = verdict else { continue }
            let post = body.extracting(lines[index])
            text.removeAll()
            text.append(isFirst ? "{\"line\":" : ",{\"line\":")
            isFirst = false
            text.append(decimal: index + 1)
            text.append(",\"status\":")
            text.append(decimal: UInt64(refused.refusal.status))
            words.removeAll()
            if words.append(pointerOf: refused.refusal, in: post) {
                text.append(",\"pointer\":")
                text.append(jsonString: words.bytes)
            }
            words.removeAll()
            words.append(detailOf: refused.refusal, in: post)
            text.append(",\"detail\":")
            text.append(jsonString: words.bytes)
            text.append("}")
            all += text.array
        }
        all += Array("]}\n".utf8)
        return all
    }
}

extension FixedBuffer {
    /// A copy of the bytes: for answers, which come now and then.
    fileprivate var array: [UInt8] {
        var array: [UInt8] = []
        array.reserveCapacity(count)
        for index in 0..<count { array.append(bytes[index]) }
        return array
    }
}

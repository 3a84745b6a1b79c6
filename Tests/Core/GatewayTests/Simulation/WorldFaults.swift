import Alarm
import Gateway
import RecordRing
import TestSupport
import Uplink

/// Answers of the card and the services, and the ends of processes.
extension World {
    func finishCard() {
        cardDue = nil
        if case .read(let first, let count) = card.job { return finishRead(first, count) }
        beginOutage()
        let isAway = !isPeaceful && now < awayUntil
        if isAway || !isPeaceful && chance(percent: weather.cardTrouble) {
            card.failWrite(&random)
            cardFailedAt = now
            failedWrites += 1
            return gateway.ringFailed(isAway && isReadOnly ? .readOnly : .device, now: now)
        }
        if !isPeaceful && chance(percent: weather.cuts) { return cutFile() }
        failedWrites = 0
        card.finishWrite()
        excusing { gateway.ringWritten(now: now) }
    }

    private func beginOutage() {
        guard !isPeaceful, now >= awayUntil, chance(percent: weather.outages) else { return }
        statistics.outages += 1
        awayUntil = now + Int64.random(in: 0...120 * second, using: &random)
        isReadOnly = Bool.random(using: &random)
    }

    /// Of what was on the card, only what memory holds can be asked for any more.
    private func cutFile() {
        statistics.cuts += 1
        card.layAnew(&random)
        journal.forgetKept()
        let oldest = gateway.cursor.oldest
        gateway.ringCut(now: now)
        journal.excuse(oldest..<gateway.cursor.synced)
    }

    private func finishRead(_ first: UInt64, _ count: Int) {
        let isAway = !isPeaceful && now < awayUntil && !isReadOnly
        if isAway || !isPeaceful && chance(percent: weather.cardTrouble) {
            card.failRead()
            let givenUp = gateway.counters.readsGivenUp
            gateway.ringFailed(now: now)
            if gateway.counters.readsGivenUp > givenUp {
                if isAway { journal.violated("a card that is away has its records given up") }
                journal.excuse(first..<first + UInt64(count))
            }
            return
        }
        statistics.reads += 1
        let bytes = card.finishRead()
        gateway.ringRead(bytes.span)
    }

    func answer(to request: Request, sink: Int) -> SimulatedAnswer {
        let hasTrouble = !isPeaceful && chance(percent: weather.serviceTrouble[sink])
        let count = request.lines.count
        if case .file = weather.sinks[sink].kind {
            return SimulatedService.file(count: count, hasTrouble: hasTrouble, &random)
        }
        // People have mended what refused them, once there is peace.
        let isPoison = request.lines.map { !isPeaceful && Self.isPoison($0) }
        switch weather.sinks[sink].kind {
        case .openSearch:
            return SimulatedService.index(isPoison, hasTrouble: hasTrouble, &random)
        case .http:
            return SimulatedService.collector(isPoison, hasTrouble: hasTrouble, &random)
        default: break
        }
        return SimulatedService.kinesis(count: count, hasTrouble: hasTrouble, &random)
    }

    /// One heart rate in sixteen is more than some services can bear.
    private static func isPoison(_ line: String) -> Bool {
        let key = "\"heart_rate\":"
        return line.contains(key) && number(after: key, in: line) % 16 == 8
    }

    func finish(_ request: Request, sink: Int) {
        let answer = answer(to: request, sink: sink)
        journal.stored(request.lines, answer, sink: sink, session: session)
        let before = gateway.sinks[sink].queue.acknowledged
        var asked: Int64 = 0
        excusing {
            switch answer.reply {
            case .delivered: gateway.sinkDelivered(sink: sink, now: now)
            case .none: gateway.sinkFailed(sink: sink, now: now)
            case .http(let status, let text, let retryAfter):
                let body = Array(text.utf8)
                asked = retryAfter
                gateway.sinkAnswered(
                    sink: sink, status: status, body: body.span,
                    retryAfterNanoseconds: retryAfter, now: now)
            }
        }
        if case .waiting(let until) = gateway.sinks[sink].state { quietUntil[sink] = until }
        if asked > 0 && quietUntil[sink] < now + asked {
            journal.violated("the service asked for \(asked) ns of quiet")
        }
        let acknowledged = gateway.sinks[sink].queue.acknowledged - before
        if acknowledged != UInt64(answer.acknowledged.count { $0 }) {
            journal.violated("\(acknowledged) are acknowledged by \(answer)")
        }
    }

    func crash() {
        endOfProcess()
        statistics.crashes += 1
        let cursor = gateway.cursor
        journal.excuse(cursor.synced..<cursor.head)
        for sink in requests.indices {
            if let request = requests[sink] {
                let answer = answer(to: request, sink: sink)
                journal.stored(request.lines, answer, sink: sink, session: session)
            }
            requests[sink] = nil
        }
        if Bool.random(using: &random) {
            card.cutPower(&random)
        } else {
            card.killProcess(&random)
        }
        cardDue = nil
        cardFailedAt = nil
        failedWrites = 0
        if chance(percent: weather.damage), cursor.head > cursor.oldest {
            let sequence = UInt64.random(in: cursor.oldest..<cursor.head, using: &random)
            journal.excuse(sequence..<sequence + 1)
            card.damage(place: sequence % weather.slots, &random)
        }
        now += Int64.random(in: 0...10 * second, using: &random)
        if let due = measurementDue { measurementDue = max(due, now) }
        restart()
    }

    func restart() {
        let synced = card.syncedHead
        let found = card.recover()
        session += 1
        if weather.damage == 0 && found.cursor.head < card.syncedEnd {
            journal.violated("synced to \(card.syncedEnd), found \(found.cursor.head)")
        }
        gateway = Gateway(
            settings: World.settings(weather, session: session, seed: UInt64(session)),
            cursor: found.cursor, head: found.head, now: now)
        begin()
        for (index, sink) in gateway.sinks.enumerated() {
            guard let kept = synced?.sinkTail(of: sink.settings.name) else { continue }
            if sink.queue.tail < kept.tail {
                journal.violated("sink \(index) had \(kept.tail), begins with \(sink.queue.tail)")
            }
            journal.kept(sink: index, kept)
        }
    }

    /// A process begins: its alarms and its sums do.
    func begin() {
        alarms = gateway.settings.sensors.map { RateAlarm(limits: $0.limits) }
        expectedAlarm = nil
        reportedLost = gateway.sinks.map { _ in 0 }
        saidLost = reportedLost
        latest = gateway.settings.start
        quietUntil = gateway.sinks.map { _ in 0 }
        let head = gateway.cursor.head
        base = gateway.sinks.map { head - $0.sum(head: head) }
    }
}

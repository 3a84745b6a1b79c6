import Uplink
import Vitals

// A sensor in trouble: its strap is there and its data is not.
extension LinkSupervisor {
    /// Weaker than this, dBm, an attempt fails for the distance: most receivers hear down to -95.
    private static let weakSignal: Int16 = -90

    /// Something went wrong with the sensor: climb. `minimum` is the lowest rung that can help.
    mutating func fail(_ index: Int, _ cause: LinkCause, atLeast minimum: Rung) {
        dropCall(index)
        postpone(index)
        sensors[index].cause = cause
        var rung = nextRung(index, atLeast: minimum)
        if rung.isShared {
            if let free = sharedRung(index, from: rung) {
                sensors[index].ladder.stand(on: free)
                sensors[index].counters.rungs[free] += 1
                return climbShared(free, sensor: index, cause)
            }
            withhold(index, rung)
            // Its own rungs in turn, until the shared one is free.
            let isOdd = sensors[index].backoff.failures % 2 == 1
            rung = isOdd || !isPermitted(.removeDevice) ? .reconnect : .removeDevice
        } else {
            sensors[index].ladder.stand(on: rung)
        }
        sensors[index].counters.rungs[rung] += 1
        counters.rungs[rung] += 1
        report(.climbed(sensor: index, rung, cause))
        climb(index, rung)
    }

    private func nextRung(_ index: Int, atLeast minimum: Rung) -> Rung {
        var rung = sensors[index].ladder.next(atLeast: minimum)
        while !isPermitted(rung) { rung = Rung(rawValue: rung.rawValue + 1) ?? .reconnect }
        return rung
    }

    /// The shared rung that is climbed for the sensor: one that was climbed a short while ago did
    /// not help, and is passed over.
    private func sharedRung(_ index: Int, from lowest: Rung) -> Rung? {
        guard !isWeak(index) else { return nil }
        var rung = lowest
        while !mayClimb(rung, quiet: settings.deadlines.sharedQuiet, besides: index) {
            guard let next = Rung(rawValue: rung.rawValue + 1) else { return nil }
            rung = next
        }
        return rung
    }

    private func isWeak(_ index: Int) -> Bool {
        guard let device = sensors[index].device, let rssi = devices[device].lastRSSI else {
            return false
        }
        return rssi < Self.weakSignal
    }

    private mutating func withhold(_ index: Int, _ rung: Rung) {
        counters.withheld[rung] += 1
        guard sensors[index].ladder.withheld != rung else { return }
        sensors[index].ladder.withheld = rung
        let healthy = healthyCount(within: settings.deadlines.sharedQuiet, besides: index)
        report(.withheld(sensor: index, rung, healthy: healthy))
    }

    private mutating func climb(_ index: Int, _ rung: Rung) {
        guard let device = sensors[index].device else { return enter(index, .idle) }
        let adapter = devices[device].adapter
        let address = devices[device].address
        switch rung {
        case .resubscribe where sensors[index].phase.isLinked:
            enter(index, .unsubscribing)
            stepUnsubscribing(index, device)
        case .removeDevice:
            enter(index, .removing)
            sensors[index].call = begin(
                .removeDevice(adapter: adapter, address), within: settings.deadlines.call)
        default:
            hangUp(index)
        }
    }

    /// Ends the link or the attempt, if there is one as far as anyone knows.
    mutating func hangUp(_ index: Int) {
        guard let device = sensors[index].device,
            devices[device].isConnected || sensors[index].phase.mayHoldRadio
        else { return enter(index, .idle) }
        let call = BluetoothCall.disconnect(
            adapter: devices[device].adapter, devices[device].address)
        enter(index, .disconnecting)
        sensors[index].call = begin(call, within: settings.deadlines.call)
    }

    /// No attempt before the back-off is over, after every other that waits, and for a new
    /// sighting only.
    mutating func postpone(_ index: Int) {
        let wait = sensors[index].backoff.fail(random: &random)
        sensors[index].retryAt = time + wait
        sensors[index].turn = nextTurn()
        guard let device = sensors[index].device else { return }
        devices[device].seenAt = nil
    }

    /// Its stream has been well for a while.
    mutating func calm(_ index: Int) {
        sensors[index].ladder.reset()
        sensors[index].backoff.succeed()
    }

    mutating func dropCall(_ index: Int) {
        sensors[index].call = abandoned(sensors[index].call)
    }

    mutating func enter(_ index: Int, _ phase: Phase, due: Int64 = .max) {
        sensors[index].phase = phase
        sensors[index].due = due
        if !phase.mayHoldRadio {
            sensors[index].holdsRadio = false
            sensors[index].isBlind = false
        }
    }

    /// Everything that is under way for the sensor ends here; no one is to blame.
    mutating func halt(_ index: Int, _ cause: LinkCause) {
        guard sensors[index].phase != .idle else { return }
        dropCall(index)
        sensors[index].cause = cause
        enter(index, .idle)
    }
}

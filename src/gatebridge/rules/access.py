"""THE question: may this app, for this user, from this place, now?

`decide` takes recorded facts and one attempt and answers with every finding, in gate order. The same function serves live
requests at every door, the explanation of a refusal, the simulator and the replay of past decisions. It fetches nothing.
What each gate asks is in `rules.asks`.
"""

from collections.abc import Callable, Mapping

from gatebridge.rules import granted
from gatebridge.rules.asks import devices, how, proof, terms, where, who, whom
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.verdict import Finding, State, Verdict

_WHO = (Gate.CLIENT, Gate.APP, Gate.INSTALLED, Gate.FLOW)
_WHOM = (Gate.SCOPES, Gate.USER, Gate.PERMITTED, Gate.HOURS, Gate.NETWORK, Gate.SESSION)
_LIVE_TOKEN = (Gate.APP, Gate.INSTALLED, Gate.FLOW, Gate.PROOF, *_WHOM)

# Which gates stand at which door. A gate that is missing from a row is never asked there; the order is always the gates' own.
GATES_AT: Mapping[Door, tuple[Gate, ...]] = {
    Door.AUTHORIZE: (
        *(Gate.CLIENT, Gate.CALLBACK, Gate.APP, Gate.INSTALLED, Gate.FLOW, Gate.PKCE),
        *(*_WHOM, Gate.CONSENT),
    ),
    Door.TOKEN: (*_WHO, *_WHOM, Gate.LIFETIME),
    Door.CODE: (
        *(Gate.CLIENT, Gate.CALLBACK, Gate.APP, Gate.INSTALLED, Gate.FLOW, Gate.PKCE, Gate.PROOF),
        *(*_WHOM, Gate.LIFETIME),
    ),
    Door.REFRESH: (*_WHO, Gate.PROOF, *_WHOM, Gate.LIFETIME),
    Door.ASSERTION: (*_WHO, Gate.PROOF, *_WHOM, Gate.CONSENT, Gate.LIFETIME),
    Door.DEVICE_START: (*_WHO, Gate.SCOPES),
    # The client proved itself when it asked for the codes; here a user decides about it, who is always asked.
    Door.CONNECT: (Gate.APP, Gate.INSTALLED, Gate.FLOW, Gate.PROOF, *_WHOM, Gate.CONSENT),
    Door.DEVICE: (*_WHO, Gate.PROOF, *_WHOM, Gate.LIFETIME),
    # A resource server may still ask, and a client may still revoke, when nobody could get a token through it any more.
    Door.CALLER: (Gate.CLIENT, Gate.APP, Gate.INSTALLED),
    Door.REVOKE: (Gate.CLIENT,),
    Door.INTROSPECT: _LIVE_TOKEN,
    Door.IDENTITY: _LIVE_TOKEN,
    Door.API: _LIVE_TOKEN,
}

ASK: Mapping[Gate, Callable[[Facts, Attempt], Finding | None]] = {
    Gate.CLIENT: who.client,
    Gate.CALLBACK: who.callback,
    Gate.APP: who.app,
    Gate.INSTALLED: who.installed,
    Gate.FLOW: how.flow,
    Gate.PKCE: how.pkce,
    Gate.PROOF: proof.proof,
    Gate.SCOPES: how.asked_scopes,
    Gate.USER: whom.user,
    Gate.PERMITTED: whom.permitted,
    Gate.HOURS: where.hours,
    Gate.NETWORK: where.network,
    Gate.SESSION: devices.sign_in,
    Gate.CONSENT: terms.consent,
    Gate.LIFETIME: terms.lifetime,
}


def decide(facts: Facts, attempt: Attempt) -> Verdict:
    """Ask every gate of the attempt's door, in order, and collect what each says. Deny wins, and it wins only here."""
    gates = GATES_AT[attempt.door]
    findings = tuple(ASK[gate](facts, attempt) or _unreached(gate) for gate in gates)
    if any(finding.state is not State.PASSED for finding in findings):
        return Verdict(attempt.door, findings)
    scopes = granted.scopes(facts, attempt) if Gate.SCOPES in gates else ()
    lifetime = terms.access_token_lifetime(facts) if Gate.LIFETIME in gates else None
    return Verdict(attempt.door, findings, scopes=scopes, lifetime=lifetime)


def _unreached(gate: Gate) -> Finding:
    return Finding(gate, State.UNREACHED, "not reached")

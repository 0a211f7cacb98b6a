"""The process behind :mod:`tests.support.pjsip`: one PJSIP account, commands in, events out, as lines of JSON."""

from __future__ import annotations

import ctypes
import json
import os
import select
import sys
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

TEST = os.dup(1)  # the test's side; the library itself prints to standard output
os.dup2(2, 1)


def tell(event: str, **more: Any) -> None:
    """One event to the test."""
    os.write(TEST, json.dumps({"event": event, **more}).encode() + b"\n")


class Line(pj.Call):
    """A call, mostly the one: what it hears goes to the recorder, what the player says goes to it."""

    def __init__(self, phone: Phone, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        pj.Call.__init__(self, phone.account, call_id)
        self.phone = phone

    def onCallState(self, _: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            tell("up")
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            tell("ended", code=info.lastStatusCode)
            if self.phone.first is self:
                self.phone.first = None
            if self.phone.line is self:
                self.phone.line = None
            self.phone.player = None

    def onCallTransferStatus(self, told: Any) -> None:
        tell("transfer", code=told.statusCode, final=told.finalNotify)

    def onCallMediaState(self, _: Any) -> None:
        media = self.sound()
        if media is not None:
            media.startTransmit(self.phone.recorder)
            if self.phone.player is not None:
                self.phone.player.startTransmit(media)

    def sound(self) -> pj.AudioMedia | None:
        """The call's sound while it is active."""
        info = self.getInfo()  # its list lives only as long as it does
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                return self.getAudioMedia(index)
        return None


class Account(pj.Account):
    """Registers, and answers by itself when called."""

    def __init__(self, phone: Phone) -> None:
        pj.Account.__init__(self)
        self.phone = phone

    def onRegState(self, state: Any) -> None:
        if state.code == 200 and state.expiration > 0:
            tell("registered")
        elif state.code >= 300:
            tell("not registered", code=state.code)

    def onIncomingCall(self, incoming: Any) -> None:
        self.phone.line = Line(self.phone, incoming.callId)
        answer = pj.CallOpParam()
        answer.statusCode = 200
        self.phone.line.answer(answer)


class Phone:
    """What the commands do."""

    def __init__(self) -> None:
        self.endpoint = pj.Endpoint()
        self.account = Account(self)
        self.recorder = pj.AudioMediaRecorder()
        self.player: pj.AudioMediaPlayer | None = None
        self.line: Line | None = None
        self.first: Line | None = None  # while its operator asks somebody
        self.over = False

    def open(
        self,
        user: str,
        secret: str,
        hotline: str,
        rtp: int,
        heard: str,
        transport: str = "udp",
        trusted: str = "",
        codec: str = "PCMA",
        rate: int = 8000,
        srtp: bool = False,
    ) -> None:
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = 4
        config.logConfig.level = 0
        config.logConfig.consoleLevel = 0
        config.medConfig.clockRate = rate
        config.medConfig.sndClockRate = rate
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        config.medConfig.sndAutoCloseTime = -1
        # A jitter buffer that throws nothing away: what is heard on a busy machine comes late, but whole.
        config.medConfig.jbInit = config.medConfig.jbMinPre = config.medConfig.jbMaxPre = 400
        config.medConfig.jbMax = 2000
        algorithm = config.medConfig.jbDiscardAlgo
        ctypes.c_int.from_address(int(algorithm)).value = 0  # PJMEDIA_JB_DISCARD_NONE; the wrapper has no name for it
        config.medConfig.jbDiscardAlgo = algorithm
        self.endpoint.libInit(config)
        place = pj.TransportConfig()
        place.boundAddress = "127.0.0.1"
        kind = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP, "tls": pj.PJSIP_TRANSPORT_TLS}[transport]
        if trusted:
            place.tlsConfig.CaListFile, place.tlsConfig.verifyServer = trusted, True
        self.endpoint.transportCreate(kind, place)
        self.endpoint.audDevManager().setNullDev()
        self.endpoint.libStart()
        self.endpoint.codecSetPriority("*", 0)
        self.endpoint.codecSetPriority("PCMA/8000", 254)
        self.endpoint.codecSetPriority(f"{codec}/{rate}", 255)
        self.recorder.createRecorder(heard)
        account = pj.AccountConfig()
        account.mediaConfig.transportConfig.port = rtp
        account.mediaConfig.transportConfig.portRange = 38
        account.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
        if srtp:
            account.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
            account.mediaConfig.srtpSecureSignaling = 0  # with keys in the clear, too
        account.idUri = f"sip:{user}@{hotline or '127.0.0.1'}"
        if hotline:
            account.regConfig.registrarUri = f"sip:{hotline};transport={transport}"
            account.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, secret))
        self.account.create(account)

    def call(self, uri: str) -> None:
        self.line = Line(self)
        self.line.makeCall(uri, pj.CallOpParam(True))

    def press(self, key: str) -> None:
        self._up().dialDtmf(key)

    def speak(self, path: str) -> None:
        player = pj.AudioMediaPlayer()
        player.createPlayer(path, pj.PJMEDIA_FILE_NO_LOOP)
        media = self._up().sound()
        assert media is not None, "the call has no sound now"
        player.startTransmit(media)
        self.player = player

    def transfer(self, to: str) -> None:
        self._up().xfer(to, pj.CallOpParam())

    def consult(self, uri: str) -> None:
        self.hold()
        self.first = self._up()
        self.call(uri)

    def put_through(self) -> None:
        assert self.first is not None, "nobody waits"
        self.first.xferReplaces(self._up(), pj.CallOpParam())

    def hang_up(self) -> None:
        self._up().hangup(pj.CallOpParam())

    def hold(self) -> None:
        self._up().setHold(pj.CallOpParam())

    def resume(self) -> None:
        again = pj.CallOpParam(True)
        again.opt.flag = pj.PJSUA_CALL_UNHOLD
        self._up().reinvite(again)

    def close(self) -> None:
        self.over = True
        self.endpoint.hangupAllCalls()
        self.endpoint.libHandleEvents(100)
        self.player = self.line = self.first = None
        self.recorder = None
        self.account.shutdown()
        self.endpoint.libDestroy()

    def _up(self) -> Line:
        assert self.line is not None, "there is no call"
        return self.line


def main() -> None:
    """Do what each line says, until ``close`` or the end of input."""
    phone, pending, opened = Phone(), b"", False
    while not phone.over:
        if opened:
            phone.endpoint.libHandleEvents(10)
        if not select.select([sys.stdin], [], [], 0 if opened else 1)[0]:
            continue
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            return
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            act: Callable[..., None] = getattr(phone, message.pop("do"))
            try:
                act(**message)
                opened = True
                tell("done")
            except (pj.Error, AssertionError) as error:
                tell("done", error=error.info() if isinstance(error, pj.Error) else str(error))
    # The library's objects are destroyed already: leave without its finalisers.
    os._exit(0)


if __name__ == "__main__":
    main()

"""A PJSIP phone in a process of its own: calls, hears, presses keys, holds, hangs up.

Usage: python pjsip_caller.py URI WAV KEYS    (writes what it hears to WAV; exit code 0 when all went well)
"""

from __future__ import annotations

import sys
import time

import pjsua2 as pj


class Call(pj.Call):  # type: ignore[misc]
    recorder: pj.AudioMediaRecorder | None = None
    wav = ""
    state = ""

    def onCallState(self, prm: object) -> None:
        self.state = self.getInfo().stateText

    def onCallMediaState(self, prm: object) -> None:
        info = self.getInfo()  # kept: its list dies with it
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                if self.recorder is None:
                    self.recorder = pj.AudioMediaRecorder()
                    self.recorder.createRecorder(self.wav)
                self.getAudioMedia(index).startTransmit(self.recorder)


def spin(endpoint: pj.Endpoint, seconds: float, until: str = "", call: Call | None = None) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        endpoint.libHandleEvents(20)
        if call is not None and call.state == until:
            return True
    return False


def main(uri: str, wav: str, keys: str) -> int:
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.logConfig.level = 3
    config.logConfig.consoleLevel = 3
    endpoint.libInit(config)
    transport = pj.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    account = pj.Account()
    settings = pj.AccountConfig()
    settings.idUri = "sip:13812345678@127.0.0.1"
    settings.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    account.create(settings)
    call = Call(account)
    call.wav = wav
    call.makeCall(uri, pj.CallOpParam(True))
    well = spin(endpoint, 15, "CONFIRMED", call)
    spin(endpoint, 1.5)
    for key in keys:
        call.dialDtmf(key)
        spin(endpoint, 0.4)
    if well:
        call.setHold(pj.CallOpParam(True))
        spin(endpoint, 0.5)
        again = pj.CallOpParam(True)
        again.opt.flag = pj.PJSUA_CALL_UNHOLD
        call.reinvite(again)
        spin(endpoint, 0.5)
        call.hangup(pj.CallOpParam(True))
    well = well and spin(endpoint, 10, "DISCONNECTED", call)
    call.recorder = None
    del call
    account.shutdown()
    endpoint.libDestroy()
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))

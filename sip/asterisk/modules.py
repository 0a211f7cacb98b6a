"""Which modules of Asterisk are loaded (pure)."""

from __future__ import annotations

from sip.asterisk.config import Site
from sip.core.locating import has_port
from sip.core.sip_messages import is_ip

# What a hotline needs and nothing else, so that nothing else can be attacked.
MODULES = {
    "the dialplan": ("pbx_config", "app_stasis", "app_playback", "app_record", "func_callerid", "func_channel",
                     "func_strings", "func_logic", "func_cut", "func_env", "res_pjsip_header_funcs",
                     "res_tonedetect"),
    "SIP": ("chan_pjsip", "res_pjsip", "res_pjsip_session", "res_pjsip_sdp_rtp", "res_pjsip_registrar",
            "res_pjsip_authenticator_digest", "res_pjsip_outbound_authenticator_digest",
            "res_pjsip_outbound_registration", "res_pjsip_endpoint_identifier_ip",
            "res_pjsip_endpoint_identifier_user", "res_pjsip_endpoint_identifier_anonymous", "res_pjsip_caller_id",
            "res_pjsip_pubsub", "res_pjsip_refer", "res_pjsip_dtmf_info", "res_pjsip_nat", "res_pjsip_rfc3326",
            "res_pjsip_acl", "res_pjproject", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb"),
    "what is written about attacks": ("res_security_log",),
    "sound": ("res_rtp_asterisk", "res_timing_timerfd", "bridge_simple", "codec_alaw", "codec_ulaw", "codec_g722",
              "codec_resample", "codec_a_mu", "format_wav", "format_pcm", "bridge_softmix", "bridge_holding"),
    "ARI": ("res_http_websocket", "res_websocket_client", "res_stasis", "res_stasis_answer", "res_stasis_playback",
            "res_stasis_recording", "res_stasis_snoop", "res_stasis_device_state", "res_ari", "res_ari_model",
            "res_ari_applications", "res_ari_asterisk", "res_ari_bridges", "res_ari_channels", "res_ari_device_states",
            "res_ari_endpoints", "res_ari_events", "res_ari_playbacks", "res_ari_recordings"),
}  # fmt: skip

DOMAIN = {"the provider's SRV records": ("res_resolver_unbound",)}
ENCRYPTED = {"encryption": ("res_crypto", "res_srtp", "res_pjsip_transport_websocket")}


def modules(site: Site) -> str:
    """``modules.conf``."""
    lines = ["; What a hotline needs and nothing else.", "[modules]", "autoload = no"]
    sealed = {site.trunk.encryption if site.trunk else "none", *(seat.encryption for seat in site.seats.values())}
    encrypted = site.wss is not None or sealed != {"none"}
    # A provider that is a domain is found by its SRV records.
    trunk = site.trunk
    domain = trunk is not None and not has_port(f"sip:{trunk.registrar}") and not is_ip(trunk.registrar)
    for use, names in {**MODULES, **(ENCRYPTED if encrypted else {}), **(DOMAIN if domain else {})}.items():
        lines += ["", f"; {use}", *(f"load = {name}.so" for name in names)]
    return "\n".join(lines) + "\n"

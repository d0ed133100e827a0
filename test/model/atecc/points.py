# SPDX-License-Identifier: Apache-2.0
"""Where the sheets are silent or contradict each other: what this model holds, one line each.

A disagreement with the emulator on one of these is not a mistake of either; it is settled here, with
the reason, and from then on both must keep to it.
"""

# Section 3.3.2 says Random does not touch the stored nonce; section 2.5.1 clears Valid after every
# command but Nonce, GenKey, GenDig, CheckMac and Info. The specific section (2.5.1) is followed.
RANDOM_KEEPS_TEMP_KEY = False
# Table 9-20 has a key slot before the zones are locked; nothing forbids a MAC with it once the
# configuration is locked. Before that there are no slots yet (2.3, 2.4: "inaccessible").
SLOTS_EXIST_BEFORE_CONFIG_LOCK = False
# 3.2.7 allows CheckMac/Copy for mode 0x01 only, 9.2 for 0x01 and 0x05.
COPY_MODES = (0x01, 0x05)
# The OTP paragraph of 9.16 forbids words 0 and 1 under some modes; Tables 2-5, 9-7 and 2.3 allow all.
OTP_ALL_WORDS_READABLE = True
# 9.19 has the test of SelectorMode the wrong way round; Table 2-5: 1 = only while the byte is zero.
SELECTOR_ONCE_WHEN_MODE_SET = True
# 3.2.5: GenKey ignores LimitedUse; 9.7: the digest of a stored public key checks it.
GENKEY_DIGEST_SPENDS_USE = True
# GFM uses no key and no secret (5.3.1.3), but it is a mode of the command that AES_Enable enables
# (Table 2-3), and firmware that works with the stricter reading works with the other, too.
GFM_NEEDS_AES_ENABLE = True
# [TFLX] 5.1.4.1 says SourceFlag becomes Rand in every random mode, DS508 9.12 leaves it in the
# calculating mode.
CALCULATED_NONCE_KEEPS_SOURCE_ON_608 = True

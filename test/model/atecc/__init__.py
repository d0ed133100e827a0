# SPDX-License-Identifier: Apache-2.0
"""The rules of the ATECC508A/608A/608B, stated a second time.

Written from the public data sheets alone, to be read beside them, and to disagree with the emulator
wherever one of the two is wrong. It is slow and plain on purpose. Section and table numbers are those
of DS20005927A (ATECC508A); [TFLX] is DS40002138A.
"""

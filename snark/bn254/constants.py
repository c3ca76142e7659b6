"""The numbers that make the curve BN254, all of them from one: the parameter u of Barreto and Naehrig."""

from typing import Final

CURVE_PARAMETER: Final = 4965661367192848881
"""u, from which the moduli, the loop of the pairing and its final exponent follow."""

FIELD_MODULUS: Final = (
    36 * CURVE_PARAMETER**4 + 36 * CURVE_PARAMETER**3 + 24 * CURVE_PARAMETER**2 + 6 * CURVE_PARAMETER + 1
)
"""p = 36u^4 + 36u^3 + 24u^2 + 6u + 1: the modulus of coordinates."""

GROUP_ORDER: Final = (
    36 * CURVE_PARAMETER**4 + 36 * CURVE_PARAMETER**3 + 18 * CURVE_PARAMETER**2 + 6 * CURVE_PARAMETER + 1
)
"""r = 36u^4 + 36u^3 + 18u^2 + 6u + 1: the order of both groups, and the modulus of scalars."""

PAIRING_EXPONENT: Final = 2 * CURVE_PARAMETER * (6 * CURVE_PARAMETER**2 + 3 * CURVE_PARAMETER + 1)
"""The fastest final exponentiation gives this power of the pairing. r does not divide it, so that it is as good a
pairing, and snarkjs, arkworks and others give it as it is."""

CURVE_CONSTANT: Final = 3
"""The first group is y^2 = x^3 + 3 over F_p; all of its points have order r."""

TWIST_CONSTANT: Final = (
    19485874751759354771024239261021720505790618469301721065564631296452457478373,
    266929791119991161246907387137283842545076965332900288569378510910307636690,
)
"""3 / (9 + i): the twist is y^2 = x^3 + 3 / (9 + i) over F_p[i] / (i^2 + 1); the second group is a part of it."""

G1_GENERATOR: Final = (1, 2)
"""The generator of the first group that EIP-196 names."""

G2_GENERATOR: Final = (
    (
        10857046999023057135944570762232829481370756359578518086990519993285655852781,
        11559732032986387107991004021392285783925812861821192530917403151452391805634,
    ),
    (
        8495653923123431417604973247489272438418190587263600148770280649306958101930,
        4082367875863433681332203403145435568316851327593401208105741076214120093531,
    ),
)
"""The generator of the second group that EIP-197 names; of every coordinate the real part comes first."""

FIELD_BYTES: Final = 32
"""The bytes of one element of either field."""

"""The gamma function and what is made of it: beta, binomials, incomplete integrals."""
import math

import numpy as np
import scipy.special as sp
from dezero import hookimpl, rule

from dezero_scipy._rules import above_0, near, register_all, special, unknown


def forward_of_polygamma(n, x):
    y = sp.polygamma(n, x)
    return y.astype(x.dtype) if x.dtype.kind == "f" else y      # SciPy's takes n for int64, and gives float64


@rule(forward_of_polygamma, name="special.polygamma", method=None)
def polygamma(gy, y, n, x):
    """y = ψ⁽ⁿ⁾(x);   ∂y/∂x = ψ⁽ⁿ⁺¹⁾(x)"""
    return unknown("scipy.special.polygamma", "n"), gy * polygamma(n + 1, x)


@rule(lambda x, q: sp.zeta(x, q), name="special.zeta", method=None)
def zeta(gy, y, x, q):
    """y = Σ (k + q)⁻ˣ;   ∂y/∂q = -x ζ(x + 1, q)"""
    return unknown("scipy.special.zeta", "x"), lambda: -gy * x * zeta(x + 1, q)


@polygamma.samples
def _(sample):
    sample(np.array([0, 1, 3], np.int8), sample.array(2, 3, low=0.5, high=3.0))
    sample(2, sample.array(2, 3, low=-0.9, high=-0.1))


@zeta.samples
def _(sample):
    sample(2.5, sample.array(2, 3, low=0.5, high=3.0))


@special(sp.psi)
def psi(gy, y, z):
    """y = ψ(z) = Γ'(z) / Γ(z);   ∂y/∂z = ψ'(z)"""
    return gy * polygamma(1, z)


@special(sp.gamma)
def gamma(gy, y, z):
    """y = Γ(z);   ∂y/∂z = y ψ(z)"""
    return gy * y * sp.psi(z)


@special(sp.gammaln)
def gammaln(gy, y, x):
    """y = log |Γ(x)|;   ∂y/∂x = ψ(x)"""
    return gy * sp.psi(x)


@special(sp.loggamma)
def loggamma(gy, y, z):
    """y = log Γ(z);   ∂y/∂z = ψ(z)"""
    return gy * sp.psi(z)


@special(sp.rgamma)
def rgamma(gy, y, z):
    """y = 1 / Γ(z);   ∂y/∂z = -y ψ(z)"""
    return gy * slope_of_rgamma(z)


def slope_of_rgamma(z):
    """Return the derivative of 1 / Γ(z), also at its zeros: below ½ that of Γ(1 - z) sin(πz) / π."""
    is_left = z < 0.5
    left, right = 1 - near(~is_left, 0, z), near(is_left, 1, z)
    angle = math.pi * (1 - left)
    return np.where(is_left, sp.gamma(left) * (np.cos(angle) - sp.psi(left) * np.sin(angle) / math.pi),
                    -sp.rgamma(right) * sp.psi(right))


@psi.samples
@gamma.samples
@gammaln.samples
@rgamma.samples
def _(sample):
    sample(sample.array(2, 3, low=0.6, high=3.0))
    sample(sample.array(3, low=-1.9, high=-1.1))


loggamma.samples(above_0)


@special(sp.poch)
def poch(gy, y, z, m):
    """y = Γ(z + m) / Γ(z);   ∂y/∂z = y (ψ(z + m) - ψ(z)),   ∂y/∂m = y ψ(z + m)"""
    is_whole = (z <= 0) & (z == np.rint(z))
    is_0, is_1 = is_whole & (z + m > 0), is_whole & (m == 0)        # where y = 0, and has a derivative; where y = 1
    by_z = gy * y * (sp.psi(z + m) - sp.psi(near(is_0 | is_1, 1, z)))
    zero, total = near(~is_0, 0, z), near(~is_0, 1, z + m)
    at_0 = gy * sp.gamma(total) * (sp.psi(total) * sp.rgamma(zero) + slope_of_rgamma(zero))
    return np.where(is_1, 0, np.where(is_0, at_0, by_z)), gy * y * sp.psi(z + m)


@special(sp.beta)
def beta(gy, y, a, b):
    """y = Γ(a) Γ(b) / Γ(a + b);   ∂y/∂a = y (ψ(a) - ψ(a + b))"""
    g, psi_of_sum = gy * y, sp.psi(a + b)
    return g * (sp.psi(a) - psi_of_sum), g * (sp.psi(b) - psi_of_sum)


@special(sp.betaln)
def betaln(gy, y, a, b):
    """y = log |B(a, b)|;   ∂y/∂a = ψ(a) - ψ(a + b)"""
    psi_of_sum = sp.psi(a + b)
    return gy * (sp.psi(a) - psi_of_sum), gy * (sp.psi(b) - psi_of_sum)


@special(sp.binom)
def binom(gy, y, n, k):
    """y = Γ(n + 1) r(k + 1) r(n - k + 1), r = 1 / Γ;   ∂y/∂n: of the first and the third,   ∂y/∂k: of the second and the third"""
    rest = n - k + 1
    is_0 = (y == 0) & (n > -1)                  # where an r is 0, and has a derivative
    n1, k1 = near(~is_0, 1, n + 1), near(~is_0, 1, k + 1)
    r_k, r_rest, slope_k, slope_rest = sp.rgamma(k1), sp.rgamma(n1 - k1 + 1), slope_of_rgamma(k1), slope_of_rgamma(n1 - k1 + 1)
    g, g0 = gy * y, gy * sp.gamma(n1)
    at_n, at_k, at_rest = sp.psi(n + 1), sp.psi(near(is_0, 1, k + 1)), sp.psi(near(is_0, 1, rest))
    return (np.where(is_0, g0 * r_k * (sp.psi(n1) * r_rest + slope_rest), g * (at_n - at_rest)),
            np.where(is_0, g0 * (slope_k * r_rest - r_k * slope_rest), g * (at_rest - at_k)))


@poch.samples
@beta.samples
@betaln.samples
def _(sample):
    sample(sample.array(2, 3, low=0.5, high=3.0), sample.array(2, 3, low=0.5, high=3.0))


@binom.samples
def _(sample):
    sample(sample.array(2, 3, low=3.0, high=5.0), sample.array(2, 3, low=0.5, high=2.5))


# -- incomplete integrals

def density_of_gamma(a, x):
    """Return xᵃ⁻¹ e⁻ˣ / Γ(a)."""
    return np.exp(sp.xlogy(a - 1, x) - x - sp.gammaln(a))


def density_of_beta(a, b, x):
    """Return xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b)."""
    return np.exp(sp.xlogy(a - 1, x) + sp.xlog1py(b - 1, -x) - sp.betaln(a, b))


@special(sp.gammainc)
def gammainc(gy, y, a, x):
    """y = ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt / Γ(a);   ∂y/∂x = xᵃ⁻¹ e⁻ˣ / Γ(a)"""
    return unknown("scipy.special.gammainc", "a"), gy * density_of_gamma(a, x)


@special(sp.gammaincc)
def gammaincc(gy, y, a, x):
    """y = 1 - gammainc(a, x);   ∂y/∂x = -xᵃ⁻¹ e⁻ˣ / Γ(a)"""
    return unknown("scipy.special.gammaincc", "a"), -gy * density_of_gamma(a, x)


@special(sp.gammaincinv)
def gammaincinv(gy, y, a, p):
    """gammainc(a, y) = p;   ∂y/∂p = Γ(a) y¹⁻ᵃ eʸ"""
    return unknown("scipy.special.gammaincinv", "a"), gy / density_of_gamma(a, y)


@special(sp.gammainccinv)
def gammainccinv(gy, y, a, p):
    """gammaincc(a, y) = p;   ∂y/∂p = -Γ(a) y¹⁻ᵃ eʸ"""
    return unknown("scipy.special.gammainccinv", "a"), -gy / density_of_gamma(a, y)


@special(sp.betainc)
def betainc(gy, y, a, b, x):
    """y = ∫₀ˣ tᵃ⁻¹ (1 - t)ᵇ⁻¹ dt / B(a, b);   ∂y/∂x = xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b)"""
    return *unknown("scipy.special.betainc", "a", "b"), gy * density_of_beta(a, b, x)


@special(sp.betaincc)
def betaincc(gy, y, a, b, x):
    """y = 1 - betainc(a, b, x);   ∂y/∂x = -xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b)"""
    return *unknown("scipy.special.betaincc", "a", "b"), -gy * density_of_beta(a, b, x)


@special(sp.betaincinv)
def betaincinv(gy, y, a, b, p):
    """betainc(a, b, y) = p;   ∂y/∂p = B(a, b) y¹⁻ᵃ (1 - y)¹⁻ᵇ"""
    return *unknown("scipy.special.betaincinv", "a", "b"), gy / density_of_beta(a, b, y)


@special(sp.betainccinv)
def betainccinv(gy, y, a, b, p):
    """betaincc(a, b, y) = p;   ∂y/∂p = -B(a, b) y¹⁻ᵃ (1 - y)¹⁻ᵇ"""
    return *unknown("scipy.special.betainccinv", "a", "b"), -gy / density_of_beta(a, b, y)


@gammainc.samples
@gammaincc.samples
def _(sample):
    sample(1.5, sample.array(2, 3, low=0.3, high=3.0))
    sample(3, sample.array(2, 3, low=0.3, high=3.0))


@gammaincinv.samples
@gammainccinv.samples
def _(sample):
    sample(1.5, sample.array(2, 3, low=0.1, high=0.9))


@betainc.samples
@betaincc.samples
@betaincinv.samples
@betainccinv.samples
def _(sample):
    sample(1.5, 2.5, sample.array(2, 3, low=0.1, high=0.9))


@hookimpl
def dezero_register_ops(register):
    register.constant(sp.gammasgn)
    register_all(register, globals())

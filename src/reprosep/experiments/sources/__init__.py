"""Networks that mask the sources of a mixture: M-U-Net, dedicated U-Nets and C-U-Net."""

const scripts = {
  bash: `# source <(muster completion bash)
_muster() {
  local IFS=$'\\n' cur=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=($(compgen -W "$(muster __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "$cur"))
}
complete -o default -F _muster muster
`,
  zsh: `#compdef muster
# source <(muster completion zsh)
_muster() {
  local -a candidates
  candidates=(\${(f)"$(muster __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#candidates} )); then compadd -- $candidates; else _files; fi
}
compdef _muster muster
`,
  fish: `# muster completion fish | source
function __muster_complete
  set -l words (commandline -opc) (commandline -ct)
  muster __complete $words[2..-1] 2>/dev/null
end
complete -c muster -f -a '(__muster_complete)'
`,
} as const;

/** What a shell sources; it asks \`muster __complete WORDS…\` for candidates, one a line. */
export const completionScript = (shell: keyof typeof scripts): string => scripts[shell];
